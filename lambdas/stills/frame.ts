/** A frame of a published video as its poster: from one segment, by the shared media playlist. */
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { INIT_NAME, playlistPath, renditionFolder } from '../../lib/contract/keys.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';
import { ApiError } from '../shared/errors.ts';
import { drawPoster, posterRung, segmentAt } from '../slicing/poster.ts';
import { opener, publishedOf } from '../slicing/sealing.ts';

/** Names and lengths of a media playlist's segments, which is one of ours (lambdas/slicing/playlists.ts). */
export function segmentsOf(playlist: string): { name: string; duration: number }[] {
  const found: { name: string; duration: number }[] = [];
  let duration: number | undefined;
  for (const line of playlist.split('\n')) {
    if (line.startsWith('#EXTINF:')) duration = Number.parseFloat(line.slice('#EXTINF:'.length));
    if (line === '' || line.startsWith('#') || duration === undefined) continue;
    const [path = ''] = line.split('?');
    found.push({ name: path.slice(path.lastIndexOf('/') + 1), duration });
    duration = undefined;
  }
  return found;
}

/** A JPEG of what the video shows at `seconds`. Throws `conflict` where it has no picture, or ends before. */
export async function frameAt(record: VideoRecord, seconds: number): Promise<Buffer> {
  const rungs = record.renditions
    .flatMap(({ kind, name, width, height }) =>
      kind === 'video' && width !== undefined && height !== undefined ? [{ name, width, height }] : [],
    )
    .toSorted((a, b) => b.height - a.height);
  const rung = posterRung(rungs);
  if (rung === undefined) throw new ApiError('conflict', 'The video has no picture to take one from.');
  if (record.encryption === 'drm')
    throw new ApiError(
      'conflict',
      'The video is protected by DRM, so no frame of it can be read. Send a picture instead.',
    );
  const open = opener(publishedOf(record));
  const playlist = (await open(playlistPath('video', rung.name))).toString('utf8');
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
    for (const name of names)
      await writeFile(path, await open(`${renditionFolder('video', rung.name)}${name}`), { flag: 'a' });
    return await drawPoster(path, found.offset);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
