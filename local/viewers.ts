/** Viewers of the demonstration's video, as far as their reports go, so that there is something to see of it in the console. */
import { EVENTS_HEADER } from '../lib/contract/manifest.ts';
import type { PlayerEvent } from '../lib/contract/player-events.ts';
import type { Client } from './client.ts';
import { beginSession } from './session.ts';

/** Of the video, how much each watched. */
const PARTS = [1, 1, 0.9, 0.7, 0.5, 0.5, 0.3, 0.15] as const;
/** Of it, what every other one watched twice. */
const AGAIN = [0.2, 0.3] as const;

/** Each begins a session, reports once, and says goodbye. `duration`: seconds; `rendition`: what they are shown. Answers how many they are. */
export async function reportViewers(
  client: Client,
  id: string,
  { duration, rendition }: { readonly duration: number; readonly rendition: string },
): Promise<number> {
  for (const [index, part] of PARTS.entries()) {
    const { manifest, goodbye } = await beginSession(client, id);
    const address = manifest.headers.get(EVENTS_HEADER);
    if (address === null) throw new Error(`the manifest, answered with ${manifest.status}, names no address of events`);
    const now = Date.now();
    const answer = await fetch(address, {
      method: 'POST',
      body: JSON.stringify({ sequence: 0, now, events: eventsOf(index, part, { at: now, duration, rendition }) }),
    });
    if (!answer.ok) throw new Error(`a report was answered with ${answer.status}: ${await answer.text()}`);
    await goodbye();
  }
  return PARTS.length;
}

interface Shown {
  readonly at: number;
  readonly duration: number;
  readonly rendition: string;
}

function eventsOf(index: number, part: number, { at, duration, rendition }: Shown): PlayerEvent[] {
  const until = Math.max(1, Math.floor(duration * part));
  const again = AGAIN.map((of) => Math.floor(duration * of)) as [number, number];
  const isAgain = index % 2 === 0 && again[0] < again[1] && again[1] <= until;
  return [
    { type: 'start', at },
    { type: 'first-frame', at, startup: 250 + 300 * index },
    { type: 'heartbeat', at, watched: [[0, until]], again: isAgain ? [again] : [], rendition, kbps: 3000 },
    ...(index === 3 ? [{ type: 'stall', at, lasted: 1800 } as const] : []),
    part < 0.2
      ? { type: 'error', at, kind: 'network', fatal: true }
      : { type: 'end', at, reason: part === 1 ? 'ended' : 'left' },
  ];
}
