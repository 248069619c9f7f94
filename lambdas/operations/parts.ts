/** What was found of a deployment, as parts of its health. Pure. */
import type { TaskRow } from '../../lib/contract/fleet.ts';
import { ALARMS, anchorOf, type OperationsAlarm } from '../../lib/contract/operations.ts';
import type { HealthPart, HealthState } from '../../lib/contract/operations-api.ts';
import type { StoreRow } from '../../lib/contract/revocation.ts';
import type { Stuck } from './stuck.ts';

export interface Facts {
  /** Dead-letter queues by the alarm that watches them: how many messages each holds. */
  readonly deadLetters: Readonly<Record<string, number>>;
  readonly stuck: readonly Stuck[];
  readonly slicing: { readonly running: number; readonly places: number };
  /** Of the last day: failed by our fault, and refused since the source cannot be sliced. */
  readonly failed: { readonly ours: number; readonly refused: number };
  /** Of the store at the edge; undefined: nothing was revoked yet. */
  readonly store: StoreRow | undefined;
  /** Those whose lease runs; undefined: this deployment takes no devices in. */
  readonly tasks: readonly TaskRow[] | undefined;
  /** Ids of the registry's alarms that ring, and since when; undefined: CloudWatch could not be asked. */
  readonly ringing: readonly { readonly id: string; readonly since: string }[] | undefined;
}

type Part = Omit<HealthPart, 'since'> & { readonly since?: string };

const page = (alarm: Pick<OperationsAlarm, 'article'>) => `runbook.md#${anchorOf(alarm)}`;
const count = (n: number, one: string, many = `${one}s`) => `${n} ${n === 1 ? one : many}`;

export function partsOf(facts: Facts): Part[] {
  const rang = (id: string) => facts.ringing?.find((one) => one.id === id)?.since;
  return [
    ...alarms(facts.ringing),
    ...Object.entries(facts.deadLetters).map(([id, waiting]) => deadLetters(id, waiting, rang(id))),
    slicing(facts),
    edge(facts.store),
    ...(facts.tasks === undefined ? [] : [tasks(facts.tasks, rang('ingest-down')), network(facts.tasks)]),
  ];
}

function alarms(ringing: Facts['ringing']): Part[] {
  if (ringing === undefined)
    return [
      {
        part: 'alarms',
        state: 'soon',
        says: 'CloudWatch does not say which alarms ring.',
        todo: 'Look there yourself; what is below was looked up without it.',
        article: 'runbook.md#how-to-look',
      },
    ];
  if (ringing.length === 0) return [{ part: 'alarms', state: 'ok', says: 'No alarm rings.' }];
  return ringing.flatMap(({ id, since }) => {
    const alarm = ALARMS.find((one) => one.id === id);
    if (alarm === undefined) return [];
    const { severity, what, article } = alarm;
    const todo = `See "${article}" in the runbook.`;
    return [{ part: `alarm-${id}`, state: severity, since, says: what, todo, article: page(alarm) }];
  });
}

function deadLetters(id: string, waiting: number, since: string | undefined): Part {
  const alarm = ALARMS.find((one) => one.id === id)!;
  const name = id.replace('dead-letters-', '');
  if (waiting === 0) return { part: id, state: 'ok', says: `No dead letters of ${name}.` };
  return {
    part: id,
    state: alarm.severity,
    ...(since !== undefined && { since }),
    says: `${count(waiting, 'dead letter')} of ${name}. ${alarm.what}`,
    todo: `Mend what the worker's log names, then: npm run redrive -- ${name} --go`,
    article: page(alarm),
  };
}

function slicing({ stuck, slicing: { running, places }, failed: { ours, refused } }: Facts): Part {
  const now = `${running} of ${places} places of slicing are taken; in the last day ${count(ours, 'video')} failed and ${refused} were refused`;
  const [oldest] = stuck.toSorted((a, b) => (a.since < b.since ? -1 : 1));
  if (oldest !== undefined)
    return {
      part: 'slicing',
      state: 'soon',
      since: oldest.since,
      says: `${count(stuck.length, 'video makes', 'videos make')} no progress, ${oldest.id} for the longest. ${now}.`,
      todo: 'See whether they wait for their turn, or their runs are gone.',
      article: page({ article: 'Videos are stuck' }),
    };
  if (ours === 0) return { part: 'slicing', state: 'ok', says: `${now}.` };
  const todo = 'The log of the step that failed says why.';
  return { part: 'slicing', state: 'soon', says: `${now}.`, todo, article: page({ article: 'Videos fail' }) };
}

function edge(store: StoreRow | undefined): Part {
  const { entries, bytes, waiting } = store ?? { entries: 0, bytes: 0, waiting: 0 };
  if (entries + waiting === 0) return { part: 'edge', state: 'ok', says: 'Nothing is revoked at the edge.' };
  const says = `${count(entries, 'revocation')} at the edge, in ${(bytes / 1e6).toFixed(1)} of 5 MB.`;
  if (waiting === 0) return { part: 'edge', state: 'ok', says };
  return {
    part: 'edge',
    state: 'urgent',
    says: `${says} ${count(waiting, 'more waits', 'more wait')} for room.`,
    todo: 'Until something is over, what waits is not refused; end fewer sessions one by one.',
    article: 'playback.md#revocation',
  };
}

function tasks(rows: readonly TaskRow[], since: string | undefined): Part {
  const sum = (of: 'connections' | 'streams') => rows.reduce((total, row) => total + row[of], 0);
  if (rows.length > 0) {
    const says = `${count(rows.length, 'ingest task')} with ${count(sum('connections'), 'connection')} and ${count(sum('streams'), 'stream')}.`;
    return { part: 'ingest', state: 'ok', says };
  }
  return {
    part: 'ingest',
    state: 'urgent',
    ...(since !== undefined && { since }),
    says: 'No ingest task runs: devices cannot connect.',
    todo: 'See why the service has no task.',
    article: page({ article: 'No ingest task runs' }),
  };
}

/** Of one device or two nothing rings, but who looks wants to know. */
function network(rows: readonly TaskRow[]): Part {
  const losing = rows.flatMap((row) => row.losing ?? []).toSorted((a, b) => b.percent - a.percent);
  if (losing.length === 0) return { part: 'network', state: 'ok', says: "No device's network loses packets." };
  const named = losing.slice(0, NAMED).map(({ device, percent }) => `${device} (${percent} %)`);
  const more = losing.length > NAMED ? ` and ${losing.length - NAMED} more` : '';
  return {
    part: 'network',
    state: 'soon',
    says: `Packets of ${count(losing.length, 'device')} get lost on their way: ${named.join(', ')}${more}.`,
    todo: 'See where they are and by which network they send; ask them for less (a channel of fewer bits a second).',
    article: page({ article: 'Networks lose packets' }),
  };
}

/** Devices that a sentence names. */
const NAMED = 10;

const ORDER: readonly HealthState[] = ['urgent', 'soon', 'ok'];
export const worst = (states: readonly HealthState[]): HealthState =>
  ORDER.find((state) => states.includes(state)) ?? 'ok';

/** What is remembered of a part: in which state it was seen first, and when. */
export type Seen = Readonly<Record<string, { readonly state: HealthState; readonly since: string }>>;

/** The parts with since when, and what is to be remembered. `now`: ISO 8601. What begins now may have begun before. */
export function sinceOf(parts: readonly Part[], before: Seen, now: string): { parts: HealthPart[]; seen: Seen } {
  const seen: Record<string, { state: HealthState; since: string }> = {};
  const dated = parts.map(({ since, ...part }): HealthPart => {
    const known = before[part.part];
    const began = since ?? (known?.state === part.state ? known.since : now);
    seen[part.part] = { state: part.state, since: began };
    // Of what is well and was never seen otherwise, nobody wants to know.
    return { ...part, since: part.state === 'ok' && known === undefined ? null : began };
  });
  return { parts: dated.toSorted((a, b) => ORDER.indexOf(a.state) - ORDER.indexOf(b.state)), seen };
}
