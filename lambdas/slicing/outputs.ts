/** Which renditions a task makes of a plan's. Pure. */
import type { Chunk, Plan } from '../../lib/contract/plan.ts';
import type { ChunkTable } from '../../lib/contract/segment-table.ts';
import { hasPicture } from '../../lib/contract/source.ts';
import type { RenditionKind } from '../../lib/contract/keys.ts';
import { stillsOf } from './storyboard.ts';

interface Output {
  readonly kind: RenditionKind;
  readonly name: string;
  readonly copied?: boolean | undefined;
}

export const pathOf = ({ kind, name }: Pick<Output, 'kind' | 'name'>): string => `${kind}/${name}`;

/** Everything there is to make, pictures first. */
export const allOf = ({ video, audio }: Pick<Plan, 'video' | 'audio'>): Output[] => [
  ...video.map(({ name, copied }): Output => ({ kind: 'video', name, copied })),
  ...audio.map(({ name, copied }): Output => ({ kind: 'audio', name, copied })),
];

/** Paths of what this task makes. */
export function madeBy(
  { copy, only, along }: Pick<Chunk, 'copy' | 'only' | 'along'>,
  plan: Pick<Plan, 'video' | 'audio'> & { readonly later?: Plan['later'] },
): string[] {
  if (along) return [];
  const wanted = allOf(plan)
    .filter(({ copied }) => (copied === true) === (copy === true))
    .map(pathOf)
    .filter((path) => plan.later?.includes(path) !== true);
  return only ? wanted.filter((path) => only.includes(path)) : wanted;
}

/** Whether a task, which makes these pictures, makes what is made once of each stretch of the source: stills and captions. */
export const readsAlong = ({ plan, chunk }: { readonly plan: Pick<Plan, 'video'>; readonly chunk: Chunk }): boolean =>
  chunk.along === true || (plan.video.length > 0 && chunk.ahead !== true);

/** Plan and table as the encoder of this task sees them: as if there were no other renditions. */
export function forTask(
  plan: Plan,
  chunk: Chunk,
  table: ChunkTable | undefined,
): { plan: Plan; table: ChunkTable | undefined } {
  const made = new Set(madeBy(chunk, plan));
  const isMade = (kind: RenditionKind) => (one: { readonly name: string }) =>
    made.has(pathOf({ kind, name: one.name }));
  const video = plan.video.filter(isMade('video'));
  const audio = plan.audio.filter(isMade('audio'));
  // Captions are read along once, by the tasks that make the ladder, or what there is of sound alone.
  const readsTexts = readsAlong({ plan: { video }, chunk }) || !hasPicture(plan.source.info);
  const { texts, ...rest } = table ?? {};
  const none = { offset: [], size: [], duration: [], composition: [], sync: [] };
  return {
    plan: { ...plan, video, audio },
    table: table && {
      ...(rest as Omit<ChunkTable, 'texts'>),
      ...(texts && readsTexts && { texts }),
      // Without pictures to make, none is read.
      video:
        video.length > 0 ? table.video : chunk.along ? keyframesOf(table.video, plan) : { ...table.video, ...none },
      audio: table.audio.filter((_, position) => audio.includes(plan.audio[position]!)),
    },
  };
}

/** Of the pictures that can be decoded alone those that are shown at a time for which there is a still, each until the next. */
function keyframesOf(video: ChunkTable['video'], plan: Plan): ChunkTable['video'] {
  const every = stillsOf(plan).every * video.timescale;
  let decode = 0;
  const times = video.duration.map((ticks, i) => (decode += ticks) - ticks + video.composition[i]!);
  const kept = video.sync.filter((i, position) => {
    const next = video.sync[position + 1];
    const [from, to] = [times[i]! - video.start, next === undefined ? Infinity : times[next]! - video.start];
    return position === 0 || Math.ceil(from / every) * every < to;
  });
  const shown = kept.map((i) => times[i]!);
  return {
    ...video,
    offset: kept.map((i) => video.offset[i]!),
    size: kept.map((i) => video.size[i]!),
    duration: shown.map((time, i) => Math.max(1, (shown[i + 1] ?? video.to) - time)),
    composition: kept.map(() => shown[0]!),
    sync: kept.map((_, i) => i),
  };
}
