/** Which renditions a task makes of a plan's. Pure. */
import type { Chunk, Plan } from '../../lib/contract/plan.ts';
import type { ChunkTable } from '../../lib/contract/segment-table.ts';
import type { RenditionKind } from '../../lib/contract/keys.ts';

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
  { copy, only }: Pick<Chunk, 'copy' | 'only'>,
  plan: Pick<Plan, 'video' | 'audio'> & { readonly later?: Plan['later'] },
): string[] {
  const wanted = allOf(plan)
    .filter(({ copied }) => (copied === true) === (copy === true))
    .map(pathOf)
    .filter((path) => plan.later?.includes(path) !== true);
  return only ? wanted.filter((path) => only.includes(path)) : wanted;
}

/** Whether a task, which makes these pictures, makes what is made once of each stretch of the source: stills and captions. */
export const readsAlong = ({ plan, chunk }: { readonly plan: Pick<Plan, 'video'>; readonly chunk: Chunk }): boolean =>
  plan.video.length > 0 && chunk.ahead !== true;

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
  // Captions are read along once, by the tasks that make the ladder.
  const { texts, ...rest } = table ?? {};
  const none = { offset: [], size: [], duration: [], composition: [], sync: [] };
  return {
    plan: { ...plan, video, audio },
    table: table && {
      ...(rest as Omit<ChunkTable, 'texts'>),
      ...(texts && readsAlong({ plan: { video }, chunk }) && { texts }),
      // Without pictures to make, none is read.
      video: video.length > 0 ? table.video : { ...table.video, ...none },
      audio: table.audio.filter((_, position) => audio.includes(plan.audio[position]!)),
    },
  };
}
