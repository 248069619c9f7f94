import { describe, expect, it } from 'vitest';
import { BLOCK_BYTES, Blocks, blocks } from '../../../../containers/ingest/src/hls/blocks.ts';
import { Payload } from '../../../../containers/ingest/src/hls/payload.ts';
import { random } from '../jt808/support.ts';

describe('blocks', () => {
  it('are used again, and let go when they were not needed for a while', () => {
    const pool = new Blocks();
    const taken = Array.from({ length: 10 }, () => pool.take());
    expect(new Set(taken).size).toBe(10);
    for (const block of taken) pool.give(block);
    pool.trim(); // They have just come back.
    const again = Array.from({ length: 4 }, () => pool.take());
    expect(again.every((block) => taken.includes(block))).toBe(true);
    for (const block of again) pool.give(block);
    pool.trim(); // Six were never needed.
    const later = Array.from({ length: 10 }, () => pool.take());
    expect(later.filter((block) => taken.includes(block))).toHaveLength(4);
  });
});

describe('a payload', () => {
  it('is what was put in, whatever the sizes', () => {
    const next = random(11);
    for (let round = 0; round < 200; round += 1) {
      const payload = new Payload();
      const expected: Buffer[] = [];
      for (let count = Math.floor(next() * 8); count >= 0; count -= 1) {
        const size = Math.floor(next() < 0.5 ? next() * 100 : BLOCK_BYTES - 8 + next() * 8);
        const bytes = Buffer.alloc(size + 7, Math.floor(next() * 256));
        const length = Buffer.alloc(4);
        length.writeUInt32BE(size);
        expected.push(length, bytes.subarray(3, 3 + size));
        payload.addNal(bytes, 3, 3 + size);
      }
      const whole = Buffer.concat(expected);
      expect(Buffer.concat(payload.parts()).equals(whole)).toBe(true);
      expect([payload.bytes, payload.held >= whole.length]).toEqual([whole.length, true]);
      payload.free();
    }
  });

  it('gives its memory back once, however often it is told to', () => {
    blocks.trim();
    blocks.trim();
    const payload = new Payload();
    payload.addNal(Buffer.alloc(3 * BLOCK_BYTES), 0, 3 * BLOCK_BYTES);
    payload.free();
    payload.free();
    const taken = Array.from({ length: 8 }, () => blocks.take());
    expect(new Set(taken).size).toBe(8);
  });
});
