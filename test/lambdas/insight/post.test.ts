import { expect, it } from 'vitest';
import { reportOf } from '../../../lambdas/insight/post.ts';
import { addressText, parseAddress, type EventsAddress } from '../../../lib/contract/events-address.ts';
import { sessionId } from '../../../lib/contract/ticket.ts';

const NOW = Date.parse('2026-11-29T10:00:00Z');
const address: EventsAddress = {
  what: 'vod/0123456789abcdefghij',
  session: sessionId(NOW - 120_000, 'AbCdEfGhIjKlMn09'),
  part: 0,
  viewer: undefined,
  until: NOW / 1000 + 600,
};
const body = JSON.stringify({
  sequence: 0,
  now: NOW,
  events: [
    {
      type: 'heartbeat',
      at: NOW,
      watched: [
        [0, 10],
        [50, 61],
        [60, 172_800],
      ],
      again: [
        [59, 60],
        [100, 101],
      ],
    },
  ],
});
const heartbeat = (of: EventsAddress, text = body) =>
  reportOf({ address: of, body: text, headers: {}, receivedAt: NOW, every: 30 })?.units.flatMap(
    ({ events }) => events,
  )[0];

it('a post says nothing of seconds that its video has not, in either language', () => {
  const short = { ...address, seconds: 60 };
  expect(heartbeat(short)).toMatchObject({
    watched: [
      [0, 10],
      [50, 60],
    ],
    again: [[59, 60]],
  });
  expect(heartbeat(short, 'e=t,sn=3,sta=p,ts=1000,pt=70000')).toMatchObject({ watched: [[40, 60]] });
  expect(heartbeat(short, 'e=t,sn=3,sta=p,ts=1000,pt=100000')).toMatchObject({ watched: [] });
  // Where nobody knows how many it has.
  expect(heartbeat(address)).toMatchObject({
    watched: [
      [0, 10],
      [50, 61],
      [60, 172_800],
    ],
  });
});

it('an address says how long its video is, and one of an earlier version is good without', () => {
  for (const seconds of [0, 1, 60, 172_800]) {
    const text = addressText({ ...address, seconds });
    expect(text.endsWith(`.${seconds}`)).toBe(true);
    expect(parseAddress(text)).toEqual({ ...address, seconds });
  }
  const old = `v-0123456789abcdefghij.${address.session}.0.-.1795946400`;
  expect(parseAddress(old)).toEqual({ ...address, until: 1_795_946_400 });
  expect(addressText(address)).toBe(old.replace('1795946400', String(address.until)));
  for (const wrong of ['.', '.-1', '.01', '.1000000', '.6.6']) expect(parseAddress(`${old}${wrong}`)).toBeUndefined();
});
