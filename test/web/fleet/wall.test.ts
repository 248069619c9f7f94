import { describe, expect, it } from 'vitest';
import type { Device } from '../../../lib/contract/device.ts';
import { formatWall, isEmpty, parseWall, put, suggested, toggle } from '../../../web/src/fleet/wall.ts';

const parse = (query: string) => parseWall(new URLSearchParams(query));
const shown = (query: string) => parse(query).places.map((place) => place && `${place.device}.${place.channel}`);
const [a, b, c] = ['13900000001.1', '13900000001.2', '8.255'];

describe("the wall's address", () => {
  it.each([`show=${a}`, `show=${a}_${b}`, `show=_${a}__${c}&grid=9`, `show=${a}_${b}_${c}&grid=16`, 'grid=16'])(
    '%s comes back as it was',
    (query) => expect(formatWall(parse(query))).toBe(query),
  );

  it('takes the smallest grid that holds its tiles unless it names one', () => {
    expect(parse(`show=${a}`).grid).toBe(1);
    expect(parse(`show=${a}_${b}`).grid).toBe(4);
    expect(parse(`show=${a}____${b}`).grid).toBe(9);
    expect(parse(`show=${a}_${b}&grid=1`).grid).toBe(1);
    expect(parse(`show=${a}&grid=7`).grid).toBe(1);
  });

  it('leaves a tile empty for what is no channel, and shows none twice', () => {
    expect(shown(`show=${a}_nonsense_0013.1_1.256_1.0_${a}_${b}`).slice(0, 7)).toEqual([
      a,
      undefined,
      undefined,
      undefined,
      undefined,
      undefined,
      b,
    ]);
    expect(parse(`show=${'1.1_'.repeat(20)}2.2`).places).toHaveLength(16);
    expect(isEmpty(parse('show=1.1e2_<script>.1'))).toBe(true);
  });
});

describe('choosing', () => {
  it('fills the first empty tile, and grows the grid only when there is none', () => {
    const place = { device: '8', channel: 255 };
    expect(formatWall(toggle(parse(`show=${a}__${b}`), place))).toBe(`show=${a}_${c}_${b}`);
    expect(formatWall(toggle(parse(`show=${a}`), place))).toBe(`show=${a}_${c}`);
    expect(toggle(parse(`show=${a}`), place).grid).toBe(4);
    expect(formatWall(toggle(parse(`show=${a}_${c}`), place))).toBe(`show=${a}&grid=4`);
  });

  it('does nothing on a full wall', () => {
    const full = parse(`show=${Array.from({ length: 16 }, (_, i) => `1.${i + 1}`).join('_')}`);
    expect(toggle(full, { device: '8', channel: 255 })).toBe(full);
  });

  it('moves a channel that stands elsewhere', () => {
    expect(formatWall(put(parse(`show=${a}_${b}`), 3, { device: '13900000001', channel: 1 }))).toBe(`show=_${b}__${a}`);
  });
});

it('suggests only what costs a device nothing: channels of those online that send anyhow', () => {
  const device = (id: string, online: boolean, streams: object = {}) =>
    ({
      id,
      online,
      streams,
      channels: [
        { number: 1, live: 'always' },
        { number: 2, live: 'on-demand' },
        { number: 3, live: 'never' },
      ],
    }) as unknown as Device;
  const devices = [device('1', true), device('2', false), device('3', true, { 2: { state: 'live' } })];
  expect(formatWall(suggested(devices))).toBe('show=1.1_3.1_3.2');
  expect(formatWall(suggested([...devices, ...devices, device('4', true)]))).toMatch(/^show=(?:\d\.\d_){3}\d\.\d$/);
  expect(isEmpty(suggested([device('2', false)]))).toBe(true);
});
