/** Which pictures can be decoded alone: what encoders and muxers of each codec say, found in the pictures themselves. */
import { spawnSync } from 'node:child_process';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { need } from '../../../lib/media/boxes.ts';
import { keyframesOf } from '../../../lib/media/keyframes.ts';
import { readMovieIndex } from '../../../lib/media/sample-table.ts';
import { ffmpeg, picture, workFolder } from '../../lambdas/slicing/media.ts';

let folder: string;
let remove: () => Promise<void>;
beforeAll(async () => {
  ({ folder, remove } = await workFolder());
});
afterAll(() => remove());

const encoders = spawnSync('ffmpeg', ['-hide_banner', '-encoders'], { encoding: 'utf8' }).stdout ?? '';
const X264 = ['-c:v', 'libx264', '-preset', 'veryfast', '-pix_fmt', 'yuv420p', '-bf', '2'];
const KINDS: readonly (readonly [what: string, codec: string, encoder: string, args: readonly string[]])[] = [
  ['H.264, closed groups', 'h264', 'libx264', X264],
  ['H.264, open groups', 'h264', 'libx264', [...X264, '-x264-params', 'open-gop=1:scenecut=0:slices=3']],
  ['HEVC', 'hevc', 'libx265', ['-c:v', 'libx265', '-preset', 'ultrafast', '-x265-params', 'log-level=none:open-gop=1']],
  ['MPEG-4', 'mpeg4', 'mpeg4', ['-c:v', 'mpeg4', '-bf', '1']],
  ['MPEG-2', 'mpeg2video', 'mpeg2video', ['-c:v', 'mpeg2video', '-bf', '2']],
  ['VP9', 'vp9', 'libvpx-vp9', ['-c:v', 'libvpx-vp9', '-deadline', 'realtime', '-cpu-used', '8']],
  ['AV1', 'av1', 'libsvtav1', ['-c:v', 'libsvtav1', '-preset', '13']],
];

describe('keyframes', () => {
  for (const [what, codec, encoder, args] of KINDS) {
    it.skipIf(!encoders.includes(encoder))(`of ${what} are told from others (needs ffmpeg's ${encoder})`, async () => {
      const path = join(folder, `${what}.mp4`);
      await ffmpeg(...picture(2, '128x96'), ...args, '-g', '12', path);
      const bytes = await readFile(path);
      const [track] = readMovieIndex(need(bytes, ['moov'], 8), [0]).tracks;
      const { offset, size, sync } = track!.samples;
      const isKeyframe = keyframesOf(codec, track!.trak)!;
      const found = [...offset].map((at, i) => isKeyframe(bytes.subarray(at, at + size[i]!)));
      expect(found).toEqual([...sync].map((one) => one === 1));
      expect(found.filter(Boolean).length).toBeGreaterThan(2);
    });
  }

  it('are believed where the pictures do not tell, or all are whole', () => {
    expect(keyframesOf('prores', Buffer.alloc(0))).toBeUndefined();
    // Without a description there are no units of known length.
    expect(keyframesOf('h264', Buffer.alloc(0))).toBeUndefined();
    for (const codec of ['mpeg4', 'mpeg2video', 'vp9', 'av1'])
      for (const bytes of ['', '00', '000001', '12']) {
        expect(keyframesOf(codec, Buffer.alloc(0))!(Buffer.from(bytes, 'hex'))).toBeUndefined();
      }
  });
});
