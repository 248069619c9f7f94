/** Rows of raw events: one for each event of a report. Pure. */
import { videoOfThing, type PlayerEvent, type Report } from '../../lib/contract/player-events.ts';
import type { RawRow } from '../../lib/contract/raw-events.ts';

/** What only some kinds of event say. */
type Said = Pick<
  RawRow,
  | 'at_second'
  | 'from_second'
  | 'startup_ms'
  | 'stalled_ms'
  | 'watched_seconds'
  | 'again_seconds'
  | 'watched'
  | 'again'
  | 'rendition'
  | 'kbps'
  | 'error'
  | 'fatal'
  | 'reason'
>;

const NOTHING: Said = {
  at_second: null,
  from_second: null,
  startup_ms: null,
  stalled_ms: null,
  watched_seconds: null,
  again_seconds: null,
  watched: null,
  again: null,
  rendition: null,
  kbps: null,
  error: null,
  fatal: null,
  reason: null,
};

export function rowsOf(report: Report): RawRow[] {
  const { session, what, viewer = null, began, receivedAt, country = null, device, units } = report;
  return units.flatMap(({ sequence, events }) =>
    events.map((event, place) => ({
      session,
      sequence,
      place,
      what,
      video: videoOfThing(what) ?? null,
      viewer,
      began: new Date(began * 1000),
      event_time: new Date(event.at),
      received_time: new Date(receivedAt),
      country,
      device,
      event: event.type,
      ...NOTHING,
      ...saidBy(event),
    })),
  );
}

const lengthOf = (stretches: readonly (readonly [number, number])[]): number =>
  stretches.reduce((sum, [from, to]) => sum + to - from, 0);

function saidBy(event: PlayerEvent): Partial<Said> {
  switch (event.type) {
    case 'first-frame':
      return { startup_ms: event.startup };
    case 'stall':
      return { stalled_ms: event.lasted, at_second: event.position ?? null };
    case 'seek':
      return { at_second: event.to ?? null, from_second: event.from ?? null };
    case 'rendition':
      return { rendition: event.rendition };
    case 'error':
      return { error: event.kind, fatal: event.fatal };
    case 'heartbeat': {
      const { position, watched, again, played = 0, rendition = null, kbps = null } = event;
      const stretches = [...watched, ...again];
      return {
        // CMCD says no position of its own: the player is at the end of what it showed last.
        at_second: position ?? stretches.at(-1)?.[1] ?? null,
        watched_seconds: lengthOf(stretches) + played,
        again_seconds: lengthOf(again),
        watched: JSON.stringify(watched),
        again: JSON.stringify(again),
        rendition,
        kbps,
      };
    }
    case 'end':
      return { reason: event.reason };
    case 'start':
    default:
      return {};
  }
}

/** Those of one video together, each session's in its order: like beside like packs well, and readers skip by it. */
export const inOrder = (rows: readonly RawRow[]): RawRow[] =>
  rows.toSorted(
    (a, b) => compare(a.what, b.what) || compare(a.session, b.session) || a.sequence - b.sequence || a.place - b.place,
  );

const compare = (a: string, b: string): number => (a < b ? -1 : a > b ? 1 : 0);
