/** A frame of a published video as its poster: from one segment, by the shared media playlist. */
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { required } from '../../lib/contract/env.ts';
import { INIT_NAME, playlistPath, renditionFolder, revisionPrefix } from '../../lib/contract/keys.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { ApiError } from '../shared/errors.ts';
import { download, readText } from '../slicing/objects.ts';
import { drawPoster, posterRung, segmentAt } from '../slicing/poster.ts';

/** Names and lengths of a media playlist's segments, which is one of ours (lambdas/slicing/playlists.ts). */
export const segmentsOf = (playlist: string): { name: string; duration: number }[] =>
  [...playlist.matchAll(/^#EXTINF:([0-9.]+),.*\n(?:#.*\n)*[^#\n]*?([^/\n?]+)\?/gm)].map(([, seconds, name]) => ({
    name: name!,
    duration: Number(seconds),
  }));

/** A JPEG of what the video shows at `seconds`. Throws `conflict` where it has no picture, or ends before. */
export async function frameAt({ id, revision, renditions }: VideoRecord, seconds: number): Promise<Buffer> {
  const rungs = renditions
    .flatMap(({ kind, name, width, height }) =>
      kind === 'video' && width !== undefined && height !== undefined ? [{ name, width, height }] : [],
    )
    .toSorted((a, b) => b.height - a.height);
  const rung = posterRung(rungs);
  if (rung === undefined) throw new ApiError('conflict', 'The video has no picture to take one from.');
  const bucket = required('MEDIA_BUCKET');
  const prefix = revisionPrefix(id, revision);
  const playlist = await readText({ bucket, key: `${prefix}${playlistPath('video', rung.name)}` });
  const segments = segmentsOf(playlist);
  const end = segments.reduce((sum, { duration }) => sum + duration, 0);
  const found = segmentAt({ segments }, seconds);
  // A second more: what players round a length to.
  if (found === undefined || seconds > end + 1)
    throw new ApiError('conflict', `The video has ${end.toFixed(3)} s; there is no picture at ${seconds} s.`);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-frame-'));
  try {
    const path = join(folder, 'segment');
    const names = playlist.includes('#EXT-X-MAP:') ? [INIT_NAME, found.name] : [found.name];
    for (const name of names) {
      const part = join(folder, name);
      await download({ bucket, key: `${prefix}${renditionFolder('video', rung.name)}${name}` }, part);
      await writeFile(path, await readFile(part), { flag: 'a' });
    }
    return await drawPoster(path, found.offset);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
