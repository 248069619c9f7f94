/** What may be published, by which tasks are done. */
import { describe, expect, it } from 'vitest';
import { madeBy } from '../../../lambdas/slicing/outputs.ts';
import { published } from '../../../lambdas/slicing/prefix.ts';
import type { Chunk, Plan } from '../../../lib/contract/plan.ts';
import type { AssembleTask } from '../../../lib/contract/slicing.ts';

const task = (index: number, firstSegment: number, segments: number, more: Partial<Chunk> = {}): Chunk => ({
  index,
  firstSegment,
  segments,
  start: (firstSegment - 1) * 6,
  duration: segments * 6,
  ...more,
});

const plan = (more: Partial<Plan>): Plan =>
  ({
    segments: { count: 12, target: 6 },
    growing: true,
    video: [{ name: '720p' }, { name: '360p' }],
    audio: [{ name: 'main' }],
    ...more,
  }) as Plan;

const copied: AssembleTask = {
  plan: plan({
    video: [{ name: '720p', copied: true }, { name: '360p' }] as Plan['video'],
    audio: [{ name: 'main', copied: true }] as Plan['audio'],
  }),
  chunks: [
    task(0, 1, 3, { copy: true }),
    task(1, 4, 9, { copy: true }),
    task(2, 1, 6, { only: ['video/360p'] }),
    task(3, 7, 6, { only: ['video/360p'] }),
  ],
};
const low = ['video/360p', 'audio/main'];
const encoded: AssembleTask = {
  plan: plan({}),
  chunks: [
    task(0, 1, 3, { only: low, ahead: true }),
    task(1, 4, 3, { only: low, ahead: true }),
    task(2, 1, 3, { only: ['video/720p'] }),
    task(3, 4, 3, { only: ['video/720p'] }),
    task(4, 7, 6),
  ],
};
const after = (run: AssembleTask, ...done: number[]) => published(run, new Set(done));

describe('of a source that is copied', () => {
  const top = ['video/720p', 'audio/main'];
  const rows: [what: string, done: number[], expected: ReturnType<typeof published>][] = [
    ['nothing yet', [], undefined],
    ['the ladder alone', [2, 3], undefined],
    ['a later group alone', [1], undefined],
    ['three target durations', [0], { renditions: top, segments: 3, ended: false }],
    ['all groups', [0, 1], { renditions: top, segments: 12, ended: true }],
    ['everything', [0, 1, 2, 3], { renditions: top, segments: 12, ended: true }],
  ];
  it.each(rows)('%s', (_, done, expected) => expect(after(copied, ...done)).toEqual(expected));

  it('that is copied soon is published when it is finished', () => {
    const { growing: _, ...soon } = copied.plan;
    const run = { ...copied, plan: soon as Plan };
    expect(after(run, 0)).toBeUndefined();
    expect(after(run, 0, 1)).toEqual({ renditions: top, segments: 12, ended: true });
  });

  it('and whose sound is not is as long as the shorter of the two', () => {
    const run: AssembleTask = {
      plan: { ...copied.plan, audio: [{ name: 'main' }] as Plan['audio'] },
      chunks: [...copied.chunks, task(4, 1, 3, { only: ['audio/main'] }), task(5, 4, 9, { only: ['audio/main'] })],
    };
    expect(after(run, 0, 1)).toBeUndefined();
    expect(after(run, 0, 1, 4)).toMatchObject({ segments: 3, ended: false });
    expect(after(run, 0, 1, 4, 5)).toMatchObject({ segments: 12, ended: true });
  });
});

describe('of a source that is encoded', () => {
  const all = ['video/360p', 'audio/main', 'video/720p'];
  const rows: [what: string, done: number[], expected: ReturnType<typeof published>][] = [
    ['the ladder of the beginning alone', [2], undefined],
    ['the low rung of the beginning', [0], { renditions: low, segments: 3, ended: false }],
    ['its second piece without the first', [1, 2, 3, 4], undefined],
    ['the low rung, and half of the ladder behind it', [0, 1, 2], { renditions: low, segments: 6, ended: false }],
    ['the ladder that has caught up', [0, 1, 2, 3], { renditions: all, segments: 6, ended: false }],
    ['everything', [0, 1, 2, 3, 4], { renditions: all, segments: 12, ended: true }],
  ];
  it.each(rows)('%s', (_, done, expected) => {
    const found = after(encoded, ...done);
    expect(found && { ...found, renditions: found.renditions.toSorted() }).toEqual(
      expected && { ...expected, renditions: expected.renditions.toSorted() },
    );
  });

  it.each([copied, encoded])('never shrinks, whatever order tasks end in', (run) => {
    const order = (left: number[]): number[][] =>
      left.length === 0
        ? [[]]
        : left.flatMap((one) => order(left.filter((other) => other !== one)).map((rest) => [one, ...rest]));
    for (const way of order(run.chunks.map(({ index }) => index))) {
      let before: ReturnType<typeof published>;
      way.forEach((_, i) => {
        const now = after(run, ...way.slice(0, i + 1));
        expect(now?.segments ?? 0).toBeGreaterThanOrEqual(before?.segments ?? 0);
        expect(before?.renditions.filter((path) => !now!.renditions.includes(path)) ?? []).toEqual([]);
        before = now;
      });
      expect(before).toMatchObject({ ended: true });
    }
  });
});

it('tasks together make every rendition once', () => {
  for (const run of [copied, encoded]) {
    for (const path of ['video/720p', 'video/360p', 'audio/main']) {
      const made = run.chunks.filter((chunk) => madeBy(chunk, run.plan).includes(path));
      expect(made.reduce((sum, { segments }) => sum + segments!, 0)).toBe(12);
    }
  }
});
