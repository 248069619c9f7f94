/** A session of a player, from its manifest to its goodbye: without one it counts as watching until its signature ends. */
import { randomBytes } from 'node:crypto';
import { vodPrefix } from '../lib/contract/keys.ts';
import { ticketIn } from '../lib/contract/ticket.ts';
import type { Client } from './client.ts';

export interface Session {
  /** The answer of the manifest, read. */
  readonly manifest: Response;
  readonly text: string;
  /** Says that nobody watches any more. Does nothing where nothing was answered that could be watched. */
  readonly goodbye: () => Promise<void>;
}

export async function beginSession(client: Client, id: string): Promise<Session> {
  const session = randomBytes(16).toString('hex');
  const manifest = await client.fetch('GET', `/api/play/${id}/main.m3u8?session=${session}`);
  const text = await manifest.text();
  const goodbye = async () => {
    const [first] = /^(?!#)\S+\.m3u8/m.exec(text) ?? [];
    const ticket = first && ticketIn(new URL(first, client.url).pathname, vodPrefix(id));
    if (ticket === undefined) return;
    await client.call('POST /api/play/{id}/goodbye', { params: { id }, query: { session, ticket } });
  };
  return { manifest, text, goodbye };
}
