import { bytesToHeader } from 'pmtiles';
import { describe, expect, it } from 'vitest';
import { tileArchive } from '../../e2e/console/tiles.ts';
import { extent, pictureType } from '../../../web/src/fleet/archive-header.ts';

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

  it('of the whole earth has no bounds, so that the map can go round it; of a part of it that part', () => {
    const whole = header('png');
    expect(extent(whole)).toEqual({ minZoom: 0, maxNativeZoom: 15 });
    const part = { ...whole, minZoom: 4, maxZoom: 12, minLon: 5.8, minLat: 47.2, maxLon: 15.1, maxLat: 55.1 };
    expect(extent(part)).toEqual({
      minZoom: 4,
      maxNativeZoom: 12,
      bounds: [
        [47.2, 5.8],
        [55.1, 15.1],
      ],
    });
  });
});
