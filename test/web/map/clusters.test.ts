import { describe, expect, it } from 'vitest';
import { clusters, radiusOf, rooms } from '../../../web/src/map/clusters.ts';
import type { DeviceState } from '../../../web/src/fleet/words.ts';

const at = (id: string, lon: number, lat: number, state: DeviceState = 'standing') => ({
  type: 'Feature' as const,
  geometry: { type: 'Point' as const, coordinates: [lon, lat] },
  properties: { id, name: id, state, turn: 0 },
});
const WORLD = [-180, -85, 180, 85] as const;
const of = (...features: ReturnType<typeof at>[]) => clusters({ type: 'FeatureCollection', features });

describe('devices near one another', () => {
  const depot = [at('1', 9, 48), at('2', 9.001, 48.001, 'alarm'), at('3', 9.002, 48)];
  const fleet = of(...depot, at('4', 20, 50));

  it('are one circle that says how many, and that one of them raises an alarm', () => {
    const found = fleet(WORLD, 5);
    expect(found).toHaveLength(2);
    expect(found.find(({ kind }) => kind === 'cluster')).toMatchObject({ count: 3, text: '3 !', isAlarm: true });
    expect(found.find(({ kind }) => kind === 'device')).toMatchObject({ device: { id: '4' } });
    expect(of(at('1', 9, 48), at('2', 9.001, 48.001))(WORLD, 5)).toMatchObject([{ text: '2', isAlarm: false }]);
  });

  it('fall apart where the circle says', () => {
    const [circle] = fleet([8, 47, 10, 49], 5);
    if (circle?.kind !== 'cluster') throw new Error('no circle');
    const zoom = circle.opensAt();
    expect(fleet(WORLD, zoom - 1)).toHaveLength(2);
    expect(fleet(WORLD, zoom).length).toBeGreaterThan(2);
  });

  it('stand by themselves when they are looked at closely, however near', () => {
    const found = of(at('1', 9, 48), at('2', 9, 48))(WORLD, 15);
    expect(found.map(({ kind }) => kind)).toEqual(['device', 'device']);
  });

  it('are found in a box that reaches over 180°, and between two zooms', () => {
    const found = of(at('1', 179.5, 0), at('2', -179.5, 0), at('3', 0, 0))([170, -5, 190, 5], 9.6);
    expect(found.map(({ lon }) => Math.round(lon * 2) / 2).toSorted((a, b) => a - b)).toEqual([-179.5, 179.5]);
  });

  it('make a larger circle the more they are, up to a size', () => {
    const sizes = [2, 50, 100, 500, 1000, 50_000].map(radiusOf);
    expect(sizes).toEqual(sizes.toSorted((a, b) => a - b));
    expect([sizes[0], sizes[2], sizes.at(-1)]).toEqual([15, 24, 32]);
  });
});

it('a name has room where it covers nothing that was there before', () => {
  const isFree = rooms();
  const box = (left: number, top: number) => ({ left, top, right: left + 10, bottom: top + 10 });
  expect([box(0, 0), box(5, 5), box(10, 0), box(0, 10), box(9, 9)].map(isFree)).toEqual([
    true,
    false,
    true,
    true,
    false,
  ]);
});
