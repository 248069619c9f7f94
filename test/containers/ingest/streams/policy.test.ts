/** Which channel runs, and which may send. */
import { describe, expect, it } from 'vitest';
import type { Channel } from '../../../../lib/contract/device.ts';
import { due } from '../../../../containers/ingest/src/streams/keeping.ts';
import { mayStream } from '../../../../containers/ingest/src/streams/policy.ts';

const channels = (live: Channel['live']): Channel[] => [{ number: 1, name: 'Front', live, stream: 'main' }];
const NOW = Date.UTC(2026, 7, 1);
const iso = (at: number) => new Date(at).toISOString();

describe('a channel', () => {
  it.each([
    ['always, running', 'always', true, undefined, 'nothing'],
    ['always, not running', 'always', false, undefined, 'start'],
    ['never, running', 'never', true, NOW + 9e5, 'stop'],
    ['on demand, watched and running', 'on-demand', true, NOW + 9e5, 'nothing'],
    ['on demand, watched and not running', 'on-demand', false, NOW + 9e5, 'start'],
    ['on demand, watched until a moment ago', 'on-demand', true, NOW - 20_000, 'nothing'],
    ['on demand, watched until long ago', 'on-demand', true, NOW - 31_000, 'stop'],
    ['on demand, never watched', 'on-demand', true, undefined, 'stop'],
    ['on demand, nobody there', 'on-demand', false, NOW - 1, 'nothing'],
  ] as const)('%s', (_, live, runs, until, act) => {
    const watched: Record<string, string> = until === undefined ? {} : { 1: iso(until) };
    expect(
      due({ record: { channels: channels(live), watched }, channel: 1, runs, idleStopSeconds: 30, now: NOW }).act,
    ).toBe(act);
  });

  it.each([
    ['always', undefined, true],
    ['never', 'live', false],
    ['on-demand', undefined, false],
    ['on-demand', 'live', true],
    ['on-demand', 'starting', true],
    ['on-demand', 'offline', false],
  ] as const)('of policy %s and state %s may send: %s', (live, state, expected) => {
    const streams = state === undefined ? {} : { 1: { state, since: iso(NOW - 10_000) } };
    expect(mayStream({ channels: channels(live), streams }, 1, 20, NOW)).toBe(expected);
    // Another channel than those it has, and a request that was long ago.
    expect(mayStream({ channels: channels(live), streams }, 2, 20, NOW)).toBe(false);
    if (state === 'starting') expect(mayStream({ channels: channels(live), streams }, 1, 20, NOW + 60_000)).toBe(false);
  });

  it('on demand that a task receives, though nothing of it can be shown, may send when it comes again', () => {
    const streams = {
      1: { state: 'offline', since: iso(NOW - 600_000), task: 'task', reason: 'Sound only.' },
    } as const;
    expect(mayStream({ channels: channels('on-demand'), streams }, 1, 20, NOW)).toBe(true);
    expect(mayStream({ channels: channels('never'), streams }, 1, 20, NOW)).toBe(false);
  });
});
