/** What is to be said to a device. */
import { describe, expect, it, vi } from 'vitest';
import { Commander } from '../../../../../containers/ingest/src/sessions/control/commander.ts';
import { phoneBytes } from '../../../../../containers/ingest/src/jt808/identity.ts';
import { serials } from '../../../../../containers/ingest/src/jt808/subpackage.ts';

describe('what waits', () => {
  it('to be said to a device is spaced, bounded, and given up when nothing is answered', async () => {
    const sent: number[] = [];
    const commander = new Commander({
      terminal: () => ({ version: 2013, protocolVersion: 0, phone: phoneBytes('1', 2013) }),
      nextSerial: serials(),
      write: () => sent.push(performance.now()),
      spacing: 40,
    });
    const results = [1, 2, 3].map(() => commander.send('avAttributesQuery', {}));
    await vi.waitUntil(() => sent.length === 3, { timeout: 30_000, interval: 5 });
    expect(sent[2]! - sent[0]!).toBeGreaterThanOrEqual(78);
    commander.replied(0, 0x9003, 0);
    commander.replied(1, 0x9003, 2);
    commander.replied(2, 0x9101, 0);
    commander.tick(performance.now() + 60_000);
    expect(await Promise.all(results)).toEqual([
      { status: 'accepted' },
      { status: 'refused', result: 2 },
      { status: 'timeout' },
    ]);
    const many = Array.from({ length: 70 }, () => commander.send('avAttributesQuery', {}));
    expect(await many[69]).toEqual({ status: 'busy' });
    commander.close();
    expect(await many[3]).toEqual({ status: 'gone' });
    expect(await commander.send('avAttributesQuery', {})).toEqual({ status: 'gone' });
  });

  it('to be said to a device waits for what answers it: the reply, another message, or either', async () => {
    const commander = new Commander({
      terminal: () => ({ version: 2013, protocolVersion: 0, phone: phoneBytes('1', 2013) }),
      nextSerial: serials(),
      write: () => {},
      spacing: 0,
    });
    const listed = { answer: 'recordingList' } as const;
    const results = [listed, listed, { ...listed, orReply: true }, { ...listed, orReply: true }, {}].map((expects) =>
      commander.send('locationQuery', {}, expects),
    );
    for (const serial of [0, 1, 2]) commander.replied(serial, 0x8201, 0);
    commander.answered(0, 'recordingList', 'list');
    commander.answered(3, 'recordingList', 'list');
    // Of another message, or of one that knows no other answer.
    commander.answered(1, 'shootReply', 'picture');
    commander.answered(4, 'recordingList', 'list');
    commander.tick(performance.now() + 60_000);
    expect(await Promise.all(results)).toEqual([
      { status: 'accepted', value: 'list' },
      { status: 'timeout' },
      { status: 'accepted' },
      { status: 'accepted', value: 'list' },
      { status: 'timeout' },
    ]);
    commander.close();
  });
});
