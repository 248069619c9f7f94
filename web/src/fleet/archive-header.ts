/** What a PMTiles file says of itself (its specification, version 3). Pure. */
import { TileType, type Header } from 'pmtiles';
import { turnsOf, worldY } from './mercator.ts';
import { NoTiles } from './no-tiles.ts';

const PICTURES: Partial<Record<TileType, string>> = {
  [TileType.Png]: 'image/png',
  [TileType.Jpeg]: 'image/jpeg',
  [TileType.Webp]: 'image/webp',
  [TileType.Avif]: 'image/avif',
};

/** Media type of the tiles. Throws `NoTiles` where they are no pictures. */
export function pictureType(path: string, { tileType }: Pick<Header, 'tileType'>): string {
  const type = PICTURES[tileType];
  if (type !== undefined) return type;
  const isVector = tileType === TileType.Mvt || tileType === TileType.Mlt;
  throw new NoTiles(
    `${path} holds ${isVector ? `vector tiles (${TileType[tileType]?.toUpperCase()})` : 'tiles of an unknown kind'}, and maps are drawn from pictures: PNG, JPEG, WebP or AVIF.`,
  );
}

/** How near there are tiles. Farther away the ground shows: of smaller tiles there would be thousands. */
export const zooms = ({ minZoom, maxZoom }: Header) => ({ minZoom, maxNativeZoom: maxZoom });

/**
 * Whether the part of the earth that the file is of reaches into a tile, counted within one turn of the earth: wherever the
 * map stands, and over 180° where the file's east is west of its west.
 */
export function reaches(
  { minLon, minLat, maxLon, maxLat }: Pick<Header, 'minLon' | 'minLat' | 'maxLon' | 'maxLat'>,
  { z, x, y }: { readonly z: number; readonly x: number; readonly y: number },
): boolean {
  const side = 2 ** z;
  if (worldY(minLat) * side < y || worldY(maxLat) * side > y + 1) return false;
  const degrees = (tiles: number) => (tiles / side) * 360 - 180;
  return turnsOf([minLon, maxLon < minLon ? maxLon + 360 : maxLon], [degrees(x), degrees(x + 1)]).length > 0;
}
