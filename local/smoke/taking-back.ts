/** Taking back what was given while it plays: by ending a link and a session. How soon the edge refuses it, and nothing of another. */
import { vodPrefix } from '../../lib/contract/keys.ts';
import { ticketIn } from '../../lib/contract/ticket.ts';
import { Client } from '../client.ts';
import type { Context } from './context.ts';
import { expectStatus, filesOf, openManifest, tampered } from './playing.ts';
import { SmokeError, until } from './until.ts';

/** Seconds that a revocation may take to be at the edge that answers here. */
const PATIENCE = 300;
/** What an answer says that the edge's function made. */
const BY_FUNCTION = /^FunctionGenerated/;

export async function takeBack(run: Context, client: Client, id: string): Promise<void> {
  const params = { id };
  const link = await client.call('POST /api/videos/{id}/links', { params, body: { name: 'smoke' } });
  const nobody = new Client(client.url);
  const byLink = await segmentOf(nobody, id, `?token=${link.token}`);
  const [ended, other] = [await segmentOf(client, id), await segmentOf(client, id)];
  for (const address of [byLink, ended, other]) await expectStatus(200, address);

  // The function reads a path as text: in one that it is handed as it was written it finds no ticket that it knows.
  const escaped = await fetch(ended.replace('.m4s', '.%6d4s'));
  await escaped.arrayBuffer();
  const isSeen = BY_FUNCTION.test(escaped.headers.get('x-cache') ?? '');
  run.settle(
    'path',
    `${escaped.status} to a path with an escaped letter, ${isSeen ? 'by the function' : 'not by the function'}`,
  );

  const linkEnd = Date.now();
  await client.call('DELETE /api/videos/{id}/links/{link}', { params: { id, link: link.id } });
  const linkSeconds = await refused(run, byLink, linkEnd);
  const session = ticketIn(new URL(ended).pathname, vodPrefix(id))?.split('.', 1)[0];
  if (session === undefined) throw new SmokeError('an address names no session');
  const sessionEnd = Date.now();
  // The list of who watches is a moment behind.
  const end = () => client.call('DELETE /api/videos/{id}/sessions/{session}', { params: { id, session } });
  const sessionSeconds = await refused(run, ended, sessionEnd, end);

  // Refused by both, so it says who was asked first.
  const [target = '', query = ''] = ended.split('?');
  const [bent] = tampered({ query, cookie: '' });
  const twice = await expectStatus(403, target, bent);
  const byFunction = BY_FUNCTION.test(twice.headers.get('x-cache') ?? '');
  run.settle('order', `of a revoked address the ${byFunction ? 'function' : 'bent signature'} said no first`);

  await expectStatus(200, other);
  const manifest = await nobody.fetch('GET', `/api/play/${id}/main.m3u8?token=${link.token}`);
  if (manifest.status !== 401) throw new SmokeError(`an ended link was answered with ${manifest.status}`);
  const says = `a link's after ${linkSeconds.toFixed(1)} s, a session's after ${sessionSeconds.toFixed(1)} s`;
  run.settle('revoked', says);
  run.step(`taken back: the edge refuses ${says}; another session of the same video plays on`);
}

/** A signed address of its own session. */
async function segmentOf(client: Client, id: string, query = ''): Promise<string> {
  const { playlists, pass } = await openManifest(client, `/api/play/${id}/main.m3u8${query}`, 'url');
  return `${(await filesOf(playlists[0]!, pass)).at(-1)!}?${pass.query}`;
}

/** Seconds from `since` until the function refuses it. */
const refused = (run: Context, address: string, since: number, again = async () => {}): Promise<number> =>
  until('refusal of what was taken back', PATIENCE, run.signal, async () => {
    await again();
    const { status, headers } = await fetch(address);
    return status === 403 && BY_FUNCTION.test(headers.get('x-cache') ?? '') ? (Date.now() - since) / 1000 : undefined;
  });
