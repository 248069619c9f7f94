/**
 * What the tasks of a run are, in the order they begin in. First comes what makes the video playable: groups of segments
 * that are copied, with sound that cannot be copied in pieces beside them; where nothing can be copied, a low rung of the
 * first minutes. Then the ladder, chunk by chunk. Pure.
 */
import type { Chunk, Plan, Rung } from '../../lib/contract/plan.ts';
import type { SlicingOptions } from '../../lib/contract/slicing.ts';
import { allOf, pathOf } from './outputs.ts';
import type { Range } from './placed.ts';
import { fitsTask } from './room.ts';
import type { SegmentTable, TableChunk } from './segment-table.ts';

/** Target durations that a player wants to have ahead of it: as long is the first group. */
export const FIRST_TARGETS = 3;
/** Bytes and seconds of a group at most: a function copies so much in two seconds, and starting it takes almost one. */
const GROUP_BYTES = 128 * 1024 ** 2;
const GROUP_SECONDS = 600;
/** Groups of one video at most; each is an entry of the state machine's input. */
const MOST_GROUPS = 400;
/** Seconds of sound that one task encodes. */
const SOUND_SECONDS = 240;
/** Seconds of which one task makes pictures for scrubbing, where nothing is encoded that they could be made along with. */
const STILLS_SECONDS = 600;
/** The first minutes, of which a low rung is made ahead of the rest where nothing can be copied. */
const EARLY_SECONDS = 180;
/** Seconds of a task that makes a low rung alone: what it takes to start one is a small part of it. */
const LOW_PIECE = 60;
/** Copying less than so much is over within a second: its playlists are published when they are finished. */
const AT_ONCE_BYTES = 64 * 1024 ** 2;

/** Short side, pixels, of what is made first where nothing can be copied. */
const LOW_SIDE = 360;

/** The rung that is made ahead of the others: the largest of up to 360 lines, else the smallest. `rungs`: tallest first. */
export const lowRung = <T extends { readonly width: number; readonly height: number }>(rungs: readonly T[]): T =>
  rungs.find(({ width, height }) => Math.min(width, height) <= LOW_SIDE) ?? rungs.at(-1)!;

/** What of the segment table tasks are laid by. */
export type LaidTable = Pick<SegmentTable, 'timescale' | 'chunks' | 'starts' | 'seconds' | 'bytes' | 'copied'>;

type Renditions = Pick<Plan, 'video' | 'audio'>;
type Task = Omit<Chunk, 'index'>;

export interface Tasks {
  readonly chunks: Chunk[];
  /** Whether it is published while it grows. */
  readonly growing: boolean;
  /** Paths of what is made once somebody plays the video. */
  readonly later: string[];
}

/** `when`: the ladder is made. */
export function layTasks(plan: Renditions, table: LaidTable, when: SlicingOptions['ladderWhen'] = 'upload'): Tasks {
  const isLater = laterOf(plan, when);
  const now = { ...plan, video: plan.video.filter((rung) => !isLater(rung)) };
  const [first, ladder] = table.copied
    ? copyFirst(now, table)
    : now.video.length === 0
      ? [soundAlone(table), []]
      : lowFirst(now, table);
  const bytes = table.copied?.bytes.reduce((a, b) => a + b, 0) ?? Infinity;
  return {
    chunks: [...first, ...ladder].map((task, index) => ({ ...task, index })),
    growing:
      (first.length > (now.video.length === 0 ? 1 : 0) ||
        (now.video.length < plan.video.length && ladder.length > 1)) &&
      bytes > AT_ONCE_BYTES,
    later: laterPaths(plan, when),
  };
}

/** Tasks of the run that makes the rest: captions and pictures for scrubbing are there already. `chunks`: all there are. */
export const laterTasks = (
  chunks: readonly Pick<Chunk, 'index' | 'start' | 'duration' | 'firstSegment' | 'segments'>[],
  later: readonly string[],
): Chunk[] => chunks.map((chunk) => ({ ...chunk, only: [...later], ahead: true }));

/** Paths of what is made once somebody plays the video. */
export const laterPaths = (plan: Renditions, when: SlicingOptions['ladderWhen']): string[] =>
  plan.video.filter(laterOf(plan, when)).map(({ name }) => pathOf({ kind: 'video', name }));

/** Which rungs nobody needs before the video is played: all but what is copied, and a low one. */
function laterOf({ video }: Renditions, when: SlicingOptions['ladderWhen']): (rung: Rung) => boolean {
  const encoded = video.filter(({ copied }) => copied !== true);
  if (when === 'upload' || encoded.length === 0) return () => false;
  const low = lowRung(encoded);
  return (rung) => rung !== low && rung.copied !== true;
}

/** All sound together in pieces, the first as long as a player wants it. */
function soundAlone(table: LaidTable): Task[] {
  const first = table.starts.findIndex((start) => start >= firstSeconds(table));
  return piecesOf(table, SOUND_SECONDS, first === -1 ? table.starts.length : first).map((range) =>
    taskOf(table, range),
  );
}

function copyFirst(plan: Renditions, table: LaidTable): [Task[], Task[]] {
  const bytes = table.copied!.bytes;
  const groups = groupsOf(table, bytes);
  const all = allOf(plan);
  const encodedSound = all.filter(({ kind, copied }) => kind === 'audio' && copied === undefined).map(pathOf);
  const rungs = all.filter(({ kind, copied }) => kind === 'video' && copied === undefined).map(pathOf);
  const sound =
    encodedSound.length > 0 ? piecesOf(table, SOUND_SECONDS, groups.length > 1 ? groups[0]!.segments : 0) : [];
  const copies = groups.map((range): Task => ({ ...taskOf(table, range), copy: true }));
  const pieces = sound.map((range): Task => ({ ...taskOf(table, range), only: encodedSound }));
  return [
    // What is shown and heard sooner is made sooner: where few run at a time, both grow together.
    [...copies, ...pieces].toSorted((one, other) => one.start - other.start),
    rungs.length > 0
      ? ladderOf(table, plan).map((task): Task => ({ ...task, only: rungs }))
      : readAlong(plan, table).map((range): Task => ({ ...taskOf(table, range), along: true })),
  ];
}

/** What is read along where nothing is encoded; of sound alone that is its cover. */
const readAlong = (plan: Renditions, table: LaidTable): Range[] =>
  plan.video.length > 0 ? piecesOf(table, STILLS_SECONDS, 0) : [{ firstSegment: 1, segments: 1 }];

function lowFirst(plan: Renditions, table: LaidTable): [Task[], Task[]] {
  const all = allOf(plan).map(pathOf);
  const low = [
    pathOf({ kind: 'video', name: lowRung(plan.video).name }),
    ...all.filter((path) => path.startsWith('audio/')),
  ];
  const rest = all.filter((path) => !low.includes(path));
  // One chunk is as soon done, and one rung has none ahead of it.
  if (table.chunks.length < 2) return [[], table.chunks.map(withoutIndex)];
  if (rest.length === 0) return [[], ladderOf(table, plan, firstSeconds(table))];
  const soon = table.chunks.filter(({ start }) => start < EARLY_SECONDS);
  return [
    longer(table, soon, firstSeconds(table)).map((task): Task => ({ ...task, only: low, ahead: true })),
    table.chunks.map((chunk): Task =>
      soon.includes(chunk) ? { ...withoutIndex(chunk), only: rest } : withoutIndex(chunk),
    ),
  ];
}

/** A task each chunk; a low rung alone is worth longer ones from the second `alone` on. */
function ladderOf(table: LaidTable, { video }: Renditions, alone = 0): Task[] {
  const encoded = video.filter(({ copied }) => copied !== true);
  const isLow = encoded.length === 1 && Math.min(encoded[0]!.width, encoded[0]!.height) <= LOW_SIDE;
  return isLow ? longer(table, table.chunks, alone) : table.chunks.map(withoutIndex);
}

/** As many chunks in one as begin within a minute and fit a task; those before the second `alone`, which somebody waits for, each alone. */
function longer(table: LaidTable, chunks: readonly TableChunk[], alone: number): Task[] {
  const joined: Range[] = [];
  let begins = 0;
  for (const { start, firstSegment, segments } of chunks) {
    const last = joined.at(-1);
    const both = last && { ...last, segments: last.segments + segments };
    if (both && begins >= alone && start < begins + LOW_PIECE && fitsTask(table.bytes, both)) {
      joined[joined.length - 1] = both;
      continue;
    }
    joined.push({ firstSegment, segments });
    begins = start;
  }
  return joined.map((range) => taskOf(table, range));
}

const withoutIndex = ({ start, duration, firstSegment, segments }: TableChunk): Task => ({
  start,
  duration,
  firstSegment,
  segments,
});

function taskOf({ starts, seconds }: LaidTable, { firstSegment, segments }: Range): Task {
  const start = starts[firstSegment - 1]!;
  return { start, duration: (starts[firstSegment - 1 + segments] ?? seconds) - start, firstSegment, segments };
}

/** Seconds that must be there before it is published. */
const firstSeconds = (table: LaidTable): number => FIRST_TARGETS * targetOf(table);

/** A frame of sound may stand over the end of a segment. */
const SOUND_FRAME = 0.033;

/** EXT-X-TARGETDURATION: playlists that grow say how long a segment is at most before the longest one is there. */
export const targetOf = ({ starts, seconds }: Pick<LaidTable, 'starts' | 'seconds'>): number =>
  Math.max(1, Math.round(Math.max(...starts.map((start, i) => (starts[i + 1] ?? seconds) - start)) + SOUND_FRAME));

/** All at once where that is soon done; else groups twice as long each as the one before, up to so many bytes and seconds. */
function groupsOf(table: LaidTable, bytes: readonly number[]): Range[] {
  const total = bytes.reduce((a, b) => a + b, 0);
  const most = Math.max(GROUP_BYTES, total / (MOST_GROUPS - 10));
  const longest = Math.max(GROUP_SECONDS, table.seconds / (MOST_GROUPS - 10));
  if (total <= AT_ONCE_BYTES && table.seconds <= GROUP_SECONDS) return [{ firstSegment: 1, segments: bytes.length }];
  const groups: Range[] = [];
  const endOf = (segment: number) => table.starts[segment + 1] ?? table.seconds;
  let wanted = firstSeconds(table);
  for (let at = 0; at < bytes.length; wanted *= 2) {
    let size = 0;
    let segments = 0;
    const length = () => endOf(at + segments - 1) - table.starts[at]!;
    while (at + segments < bytes.length && (segments === 0 || length() < wanted)) {
      size += bytes[at + segments]!;
      const long = endOf(at + segments) - table.starts[at]! > longest;
      if (segments > 0 && (size > most || long)) break;
      segments += 1;
    }
    groups.push({ firstSegment: at + 1, segments });
    at += segments;
  }
  return groups;
}

/** Stretches of about so many seconds that fit a task; the first is `first` segments long, if that is not 0. */
function piecesOf({ starts, seconds, bytes }: LaidTable, target: number, first: number): Range[] {
  const pieces: Range[] = [];
  for (let at = 0; at < starts.length;) {
    const short = at === 0 && first > 0;
    let segments = short ? Math.min(first, starts.length) : 1;
    const takes = (more: number) =>
      at + more <= starts.length &&
      (starts[at + more] ?? seconds) - starts[at]! <= target &&
      fitsTask(bytes, { firstSegment: at + 1, segments: more });
    while (!short && takes(segments + 1)) segments += 1;
    pieces.push({ firstSegment: at + 1, segments });
    at += segments;
  }
  return pieces;
}
