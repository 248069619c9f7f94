/** Following a video's or stream's playlists through the edge, with a signed address or with cookies, and without either. */
import type { Client } from '../client.ts';
import { SmokeError } from './until.ts';

/** Where a request may carry its right. */
export interface Pass {
  readonly query: string;
  readonly cookie: string;
}
const NONE: Pass = { query: '', cookie: '' };

/** The playlist of everything, and the pass it gives. `path` is `/api/play/…/main.m3u8`. */
export async function openManifest(
  client: Client,
  path: string,
  way: 'url' | 'cookies',
): Promise<{ playlists: string[]; pass: Pass }> {
  const answer = await client.fetch('GET', way === 'cookies' ? `${path}?cookies=1` : path);
  const text = await answer.text();
  if (!answer.ok) throw new SmokeError(`${path} answered ${answer.status}: ${text.slice(0, 300)}`);
  const query = /NAME="auth",VALUE="([^"]+)"/.exec(text)?.[1];
  const cookie = answer.headers
    .getSetCookie()
    .map((line) => line.split(';', 1)[0]!)
    .join('; ');
  if (way === 'url' ? query === undefined : cookie === '') throw new SmokeError(`${path} carries no signature`);
  const playlists = [...text.matchAll(/^(?!#)(\S+\.m3u8)\S*$|URI="([^"?]+\.m3u8)/gm)].map(
    (match) => new URL(match[1] ?? match[2] ?? '', answer.url).href,
  );
  if (playlists.length === 0) throw new SmokeError(`${path} names no playlist`);
  return { playlists, pass: way === 'url' ? { query: query!, cookie: '' } : { query: '', cookie } };
}

/** @throws SmokeError unless the answer has that status. */
export async function expectStatus(want: number, target: string, { query, cookie }: Pass = NONE): Promise<Response> {
  const url = query === '' ? target : `${target}?${query}`;
  const answer = await fetch(url, { headers: cookie === '' ? {} : { cookie } });
  if (answer.status !== want) {
    const said = (await answer.text()).slice(0, 200);
    throw new SmokeError(`${new URL(target).pathname} was answered with ${answer.status}, not ${want}: ${said}`);
  }
  return answer;
}

/** Every file that a media playlist names, initialization sections too; without their queries. */
export async function filesOf(playlist: string, pass: Pass): Promise<string[]> {
  const text = await (await expectStatus(200, playlist, pass)).text();
  return [...text.matchAll(/^(?!#)([^\s?]+)|URI="([^"?]+)/gm)].map(
    (match) => new URL(match[1] ?? match[2] ?? '', playlist).href,
  );
}

/** What is not as it was signed: each must be refused as if there were no signature. */
export function tampered({ query, cookie }: Pass): Pass[] {
  const bend = (text: string, name: string, separator: string) =>
    text
      .split(separator)
      .map((part) => (part.trim().startsWith(name) ? bent(part) : part))
      .join(separator);
  return query === ''
    ? ['CloudFront-Signature', 'CloudFront-Policy'].map((name) => ({ query, cookie: bend(cookie, name, ';') }))
    : ['Signature', 'Policy', 'Key-Pair-Id'].map((name) => ({ query: bend(query, name, '&'), cookie }));
}

/** The tenth character of the value, another one. */
function bent(part: string): string {
  const at = part.indexOf('=') + 10;
  return `${part.slice(0, at)}${part[at] === 'A' ? 'B' : 'A'}${part.slice(at + 1)}`;
}

/** Everything of it: refused without a pass and with a bent one, served with it. Answers how much there was. */
export async function playAll(playlists: readonly string[], pass: Pass): Promise<{ files: number; bytes: number }> {
  let files = 0;
  let bytes = 0;
  for (const playlist of playlists) {
    await expectStatus(403, playlist);
    for (const other of tampered(pass)) await expectStatus(403, playlist, other);
    for (const file of await filesOf(playlist, pass)) {
      await expectStatus(403, file);
      bytes += (await (await expectStatus(200, file, pass)).arrayBuffer()).byteLength;
      files += 1;
    }
  }
  return { files, bytes };
}
