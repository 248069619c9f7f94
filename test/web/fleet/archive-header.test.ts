import { bytesToHeader } from 'pmtiles';
import { describe, expect, it } from 'vitest';
import { tileArchive } from '../../e2e/console/tiles.ts';
import { pictureType, reaches, zooms } from '../../../web/src/fleet/archive-header.ts';

const header = (kind: 'png' | 'vector') => bytesToHeader(Uint8Array.from(tileArchive([1, 2, 3], kind)).buffer);

describe('a file of tiles', () => {
  it.each([
    [2, 'image/png'],
    [3, 'image/jpeg'],
    [4, 'image/webp'],
    [5, 'image/avif'],
  ])('of kind %d holds %s', (tileType, type) => {
    expect(pictureType('/tiles/a.pmtiles', { tileType })).toBe(type);
  });

  it('that holds vectors, or nobody knows what, is refused by name', () => {
    const refused = (tileType: number) => () => pictureType('/tiles/a.pmtiles', { tileType });
    expect(refused(header('vector').tileType)).toThrow(
      '/tiles/a.pmtiles holds vector tiles (MVT), and maps are drawn from pictures: PNG, JPEG, WebP or AVIF.',
    );
    expect(refused(6)).toThrow('vector tiles (MLT)');
    expect(refused(0)).toThrow('tiles of an unknown kind');
    expect(refused(99)).toThrow('tiles of an unknown kind');
  });

  it('says how near it goes', () => {
    expect(zooms({ ...header('png'), minZoom: 4, maxZoom: 12 })).toEqual({ minZoom: 4, maxNativeZoom: 12 });
  });

  const earth = { minLon: -180, minLat: -85, maxLon: 180, maxLat: 85 };
  const germany = { minLon: 5.8, minLat: 47.2, maxLon: 15.1, maxLat: 55.1 };
  const fiji = { minLon: 176, minLat: -20, maxLon: -178, maxLat: -15 };
  it.each([
    ['the earth', earth, { z: 0, x: 0, y: 0 }, true],
    ['the earth', earth, { z: 4, x: 15, y: 3 }, true],
    ['Germany', germany, { z: 0, x: 0, y: 0 }, true],
    ['Germany', germany, { z: 5, x: 16, y: 10 }, true],
    ['Germany', germany, { z: 5, x: 20, y: 10 }, false],
    ['Germany', germany, { z: 5, x: 16, y: 20 }, false],
    // Over 180°: tiles are counted from -180 on, whichever side of it the map stands on.
    ['Fiji', fiji, { z: 4, x: 15, y: 8 }, true],
    ['Fiji', fiji, { z: 4, x: 0, y: 8 }, true],
    ['Fiji', fiji, { z: 4, x: 7, y: 8 }, false],
    ['Fiji', fiji, { z: 4, x: 0, y: 4 }, false],
  ])('of %s (%j) reaches into %j: %s', (_, box, tile, is) => {
    expect(reaches(box, tile)).toBe(is);
  });
});
