import { expect, it } from 'vitest';
import { metresBetween, type Place } from '../../../lib/contract/places.ts';
import { around, placeOf, textOf } from '../../../web/src/library/circle.ts';

const millionths = ({ lat, lon }: { lat: number; lon: number }): Place => [
  Math.round(lat * 1e6),
  Math.round((((lon + 540) % 360) - 180) * 1e6),
];

it.each([
  { lat: 52.52, lon: 13.405, metres: 100 },
  { lat: 0, lon: 0, metres: 5000 },
  { lat: -33.8688, lon: 179.99, metres: 50_000 },
  { lat: 84.9, lon: -179.99, metres: 20_000 },
])('goes round %j at its distance as the search measures it, and ends where it began', (circle) => {
  const edge = around(circle);
  for (const place of edge) {
    const metres = metresBetween(millionths(circle), millionths(place));
    expect(Math.abs(metres - circle.metres)).toBeLessThan(1);
  }
  expect(edge.at(-1)!.lat).toBeCloseTo(edge[0]!.lat, 9);
  expect(edge.at(-1)!.lon).toBeCloseTo(edge[0]!.lon, 9);
  const lats = edge.map(({ lat }) => lat);
  expect(Math.max(...lats)).toBeGreaterThan(circle.lat);
  expect(Math.min(...lats)).toBeLessThan(circle.lat);
});

it.each([
  [52.520_008_123, 13.404_953_99, '52.52001, 13.40495'],
  [-0.000_000_1, 180, '0, 180'],
  [-85.051_128, -179.999_999, '-85.05113, -180'],
])('writes %d, %d as a field shows it, which is a place', (lat, lon, text) => {
  expect(textOf(lat, lon)).toBe(text);
  expect(placeOf(text)).toBe(text.replace(', ', ','));
});
