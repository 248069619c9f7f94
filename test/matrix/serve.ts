/** What was sliced, to players: manifests as the API writes them, signed by nobody, and all that playlists name. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { expand, multivariant, playlistKey } from '../../lambdas/playback/manifest.ts';
import type { RenditionKind } from '../../lib/contract/keys.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { file } from '../e2e/players/serve.ts';
import type { Slicer } from './slice.ts';

type Answer = { readonly body: Buffer | string; readonly contentType: string } | undefined;

const PLAYLIST = 'application/vnd.apple.mpegurl';

export interface Served {
  /** Of the server, e.g. `http://127.0.0.1:4000`; pages are `/players/{player}.html`. */
  readonly url: string;
  /** Has it served from now on; answers its manifest's address. */
  add(video: VideoRecord): string;
  /** A file as it is; answers its address. */
  addFile(name: string, body: Buffer, contentType: string): string;
  close(): void;
}

export async function serveSliced({ read }: Pick<Slicer, 'read'>): Promise<Served> {
  const videos = new Map<string, VideoRecord>();
  const files = new Map<string, Answer>();

  async function answer(path: string): Promise<Answer> {
    if (path.startsWith('/players/')) return file(path);
    const [, id, kind, name] = /^\/api\/play\/([a-z0-9]+)\/(?:(audio|video)\/)?([a-z0-9]+)\.m3u8$/.exec(path) ?? [];
    const video = videos.get(id ?? '');
    if (!video) return files.get(path) ?? read(path.slice(1));
    // For players without variables, too: one manifest for all of them.
    if (kind === undefined) return { body: multivariant(video, { way: 'expand', token: 't' }), contentType: PLAYLIST };
    const key = playlistKey(video, kind as RenditionKind, name!);
    const shared = await read(key);
    return shared && { body: expand(shared.body.toString(), `/${key}`, undefined), contentType: PLAYLIST };
  }

  const server = createServer((request, response) => {
    const respond = async () => {
      const found = await answer(new URL(request.url!, 'http://localhost').pathname);
      const headers = { 'cache-control': 'no-store', 'content-type': found?.contentType ?? 'text/plain' };
      response.writeHead(found ? 200 : 404, headers).end(found?.body);
    };
    respond().catch((error: unknown) => response.destroy(error as Error));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    url,
    add: (video) => {
      videos.set(video.id, video);
      return `${url}/api/play/${video.id}/main.m3u8`;
    },
    addFile: (name, body, contentType) => {
      files.set(`/${name}`, { body, contentType });
      return `${url}/${name}`;
    },
    close: () => void server.close(),
  };
}
