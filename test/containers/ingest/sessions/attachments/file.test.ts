/** A file that arrives in pieces. */
import { describe, expect, it } from 'vitest';
import { IncomingFile, PART_BYTES, type Part } from '../../../../../containers/ingest/src/sessions/attachments/file.ts';
import { Budget } from '../../../../../containers/ingest/src/common/memory.ts';

describe('a file that arrives', () => {
  it('in any order is handed on in parts, and takes no memory it may not', () => {
    const size = 2 * PART_BYTES + 10;
    const data = Buffer.alloc(size, 3);
    const task = new Budget(2 * PART_BYTES);
    const parts: Part[] = [];
    const file = new IncomingFile('f', size, new Budget(3 * PART_BYTES, task), (part) => parts.push(part));
    expect(file.write(PART_BYTES - 5, data.subarray(0, 10))).toBe(true);
    expect(task.used).toBe(2 * PART_BYTES);
    // The third part has no room, so it is not there afterwards.
    expect(file.write(2 * PART_BYTES, data.subarray(0, 10))).toBe(false);
    expect(file.write(size - 5, data.subarray(0, 10))).toBe(false);
    expect(file.write(0, data.subarray(0, PART_BYTES))).toBe(true);
    expect(parts.map(({ index }) => index)).toEqual([0]);
    expect(file.head!.equals(data.subarray(0, 64))).toBe(true);
    file.release(parts[0]!);
    expect(file.write(2 * PART_BYTES, data.subarray(0, 10))).toBe(true);
    expect(file.missing()).toEqual([{ offset: PART_BYTES + 5, length: PART_BYTES - 5 }]);
    expect(file.write(PART_BYTES, data.subarray(0, PART_BYTES))).toBe(true);
    expect([file.complete, parts.map(({ index, bytes }) => [index, bytes.length])]).toEqual([
      true,
      [
        [0, PART_BYTES],
        [2, 10],
        [1, PART_BYTES],
      ],
    ]);
    for (const part of parts.slice(1)) file.release(part);
    file.abandon();
    expect(task.used).toBe(0);
  });
});
