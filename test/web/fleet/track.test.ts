import { expect, it } from 'vitest';
import { line } from '../../../web/src/fleet/brush.ts';
import { worldX, worldY } from '../../../web/src/fleet/mercator.ts';
import type { Brush } from '../../../web/src/fleet/sheet.ts';
import { boundsOf, runsOf, unrolled } from '../../../web/src/fleet/track.ts';
import { placeAt } from '../../../web/src/device/track.ts';
import { over, track } from './drive.ts';

const runs = runsOf(track);

it('reads what the API answers, a single point as well', () => {
  expect(runs.map((run) => run.length)).toEqual([3, 1]);
  expect(runs[0]![1]).toEqual({ at: 60_000, lon: 9.1, lat: 48, speedKmh: 36, direction: 90 });
});

it('puts together again what was cut at 180°', () => {
  const [run] = runsOf(over);
  expect(run!.map(({ at, lon }) => [at, lon])).toEqual([
    [0, 179],
    [30_000, 180],
    [30_000, -180],
    [60_000, -179],
  ]);
  expect(unrolled(run!).map(({ lon }) => lon)).toEqual([179, 180, 180, 181]);
  expect(placeAt([run!], 30_000)).toMatchObject({ lat: 48, isKnown: true });
  expect(placeAt([run!], 45_000)!.lon).toBeCloseTo(-179.5, 9);
});

it('knows the box of everything', () => {
  expect(boundsOf(runs.flat())).toEqual([9, 48, 10, 50]);
  expect(boundsOf([])).toBeUndefined();
});

const at = (...lons: number[]) => lons.map((lon) => ({ lon, lat: -17 }));

it.each([
  [[179.9, -179.9], 179.9, 180.1],
  [[-179.9, 179.9, -179.5], 179.9, 180.5],
  [[180, -180], 180, 180],
  // As far round one way as the other.
  [[-90, 90], -90, 90],
  [[-118, 139], 139, 242],
  [[-74, 13, 139], -74, 139],
])('of %j, the smallest box goes from %d to %d', (lons, west, east) => {
  const [from, , to] = boundsOf(at(...lons))!;
  expect(from).toBeCloseTo(west, 9);
  expect(to).toBeCloseTo(east, 9);
});

it('a way over 180° goes on there, both ways and more than once', () => {
  expect(unrolled(at(179.5, -179.5, -178, 179)).map(({ lon }) => lon)).toEqual([179.5, 180.5, 182, 179]);
  expect(unrolled(at(-179, 179, 60, -60, -170, 100)).map(({ lon }) => lon)).toEqual([
    -179, -181, -300, -420, -530, -620,
  ]);
  expect(unrolled([])).toEqual([]);
});

it.each([
  ['east of it', -179.99, -179.9, -360],
  ['west of it', 179.9, 179.99, 0],
  ['on both sides of it', 179.9, 180.1, 0],
])('and is drawn as one line where the map shows what is %s', (_, west, east) => {
  const side = 256 * 2 ** 14;
  const drawn: number[] = [];
  const context = new Proxy(
    {},
    { get: (_target, name) => (name === 'lineTo' ? (x: number) => drawn.push(x) : () => {}), set: () => true },
  );
  const place: Brush['place'] = (lon, lat) => [(worldX(lon) - worldX(west)) * side, worldY(lat) * side];
  const brush = { context, box: [west, -18, east, -16], place, look: { colours: {} } } as unknown as Brush;
  line(brush, at(179.85, 179.95, -179.95, -179.85), 1);
  const pixels = (degrees: number) => (degrees / 360) * side;
  expect(drawn).toHaveLength(4);
  for (let i = 1; i < 4; i += 1) expect(drawn[i]! - drawn[i - 1]!).toBeCloseTo(pixels(0.1), 3);
  expect(
    drawn.some((x) => x >= 0 && x <= pixels(east - west)),
    'some of it in view',
  ).toBe(true);
});
