/** What a PMTiles file says of itself (its specification, version 3). Pure. */
import { TileType, type Header } from 'pmtiles';
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

/** What of the earth there are tiles of, and how near. */
export const extent = ({ minZoom, maxZoom, minLon, minLat, maxLon, maxLat }: Header) => ({
  // Farther away the ground shows: of smaller tiles there would be thousands.
  minZoom,
  maxNativeZoom: maxZoom,
  // All round the earth is everywhere, also where the map goes round it once more.
  ...(maxLon - minLon < 360 && {
    bounds: [
      [minLat, minLon],
      [maxLat, maxLon],
    ] as [[number, number], [number, number]],
  }),
});
