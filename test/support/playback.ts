/** Walks a video as a player would: manifest → media playlists → segments. */
import { Parser } from 'm3u8-parser';
import { parse } from 'hls-parser';
import type { Client } from '../../local/client.ts';

export interface PlayedRendition {
  /** Address of the media playlist, without its signature. */
  readonly url: string;
  readonly text: string;
  /** Addresses in playing order, initialization section first where there is one; without signatures. */
  readonly files: readonly string[];
  readonly seconds: number;
}

export interface Played {
  readonly manifest: string;
  /** The signature all files of the video share: a query string. */
  readonly auth: string;
  readonly renditions: readonly PlayedRendition[];
}

/** Loads every playlist of a video through the edge; both foreign parsers must agree on the number of segments. */
export async function play(client: Client, id: string): Promise<Played> {
  const answer = await client.fetch('GET', `/api/play/${id}/main.m3u8`);
  const manifest = await answer.text();
  if (!answer.ok) throw new Error(`manifest: ${answer.status} ${manifest}`);
  const auth = /#EXT-X-DEFINE:NAME="auth",VALUE="([^"]+)"/.exec(manifest)?.[1];
  if (auth === undefined) throw new Error(`no signature in the manifest:\n${manifest}`);
  const paths = [...manifest.matchAll(/^(?!#)(\S+)\?|URI="([^"?]+)/gm)].map((match) => match[1] ?? match[2]!);
  const renditions: PlayedRendition[] = [];
  for (const path of paths) {
    const url = new URL(path, answer.url).href;
    const playlist = await fetch(`${url}?${auth}`);
    const text = await playlist.text();
    if (!playlist.ok) throw new Error(`${path}: ${playlist.status}`);
    const parser = new Parser();
    parser.push(text);
    parser.end();
    const { segments } = parser.manifest;
    const other = parse(text);
    if (other.isMasterPlaylist || other.segments.length !== segments.length)
      throw new Error(`${path}: the parsers disagree`);
    const init = /#EXT-X-MAP:URI="([^"?]+)/.exec(text)?.[1];
    const names = segments.map((segment) => segment.uri.replace(/\?.*$/, ''));
    renditions.push({
      url,
      text,
      files: [...(init === undefined ? [] : [init]), ...names].map((name) => new URL(name, url).href),
      seconds: segments.reduce((sum, segment) => sum + segment.duration, 0),
    });
  }
  return { manifest, auth, renditions };
}

/** One rendition's bytes, init and segments behind one another. */
export async function download({ files }: PlayedRendition, auth: string): Promise<Buffer> {
  const parts: Buffer[] = [];
  for (const file of files) {
    const answer = await fetch(`${file}?${auth}`);
    if (!answer.ok) throw new Error(`${file}: ${answer.status}`);
    parts.push(Buffer.from(await answer.arrayBuffer()));
  }
  return Buffer.concat(parts);
}
