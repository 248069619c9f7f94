/** The usual way: one ffmpeg process over the whole file. Written apart from ours, with the plan's settings. */
import type { Plan } from '../../lib/contract/plan.ts';
import { CRF, vbvOf } from '../../lambdas/slicing/args.ts';
import { FRAME_RATE } from './source.ts';

const QUIET = ['-nostdin', '-v', 'error', '-y'];
const HLS = ['-f', 'hls', '-hls_list_size', '0', '-hls_playlist_type', 'vod', '-hls_segment_type', 'fmp4'];

/** One rendition, as tutorials have it. */
export const oneRendition = (source: string, out: string, preset: string): string[] =>
  [
    QUIET,
    ['-i', source, '-c:v', 'libx264', '-preset', preset, '-crf', String(CRF), '-c:a', 'aac', '-b:a', '128k'],
    HLS,
    ['-hls_time', '10', `${out}/index.m3u8`],
  ].flat();

/** Where the classic ladder's rendition is: its initialization section and segments, by these names. */
export const classicFolder = (out: string, name: string): string => `${out}/${name}`;

/**
 * The whole ladder from one decode, at the settings of the plan, with x264's own number of threads. Pictures keep their times:
 * at a fixed rate some would be there twice, and none after them could be compared with the source's.
 */
export function wholeLadder(source: string, out: string, plan: Plan, preset: string): string[] {
  const { video, audio, segmentSeconds } = plan;
  const each = video.map(
    ({ width, height }, i) => `[s${i}]scale=${width}:${height}:flags=bicubic,format=yuv420p[v${i}]`,
  );
  const graph = [`[0:v]split=${video.length}${video.map((_, i) => `[s${i}]`).join('')}`, ...each].join(';');
  const hls = (name: string) => {
    const folder = classicFolder(out, name);
    const names = ['-hls_segment_filename', `${folder}/%05d.m4s`, `${folder}/index.m3u8`];
    return [...HLS, '-hls_time', String(segmentSeconds), ...names];
  };
  const rungs = video.map((rung, i) => {
    const { maxrate, bufsize } = vbvOf(rung);
    return [
      ['-map', `[v${i}]`, '-c:v', 'libx264', '-preset', preset, '-profile:v', 'high', '-level:v', rung.level],
      ['-crf', String(CRF), '-maxrate', String(maxrate), '-bufsize', String(bufsize)],
      [
        '-fps_mode',
        'passthrough',
        '-g',
        String(FRAME_RATE * 2),
        '-keyint_min',
        String(FRAME_RATE * 2),
        '-sc_threshold',
        '0',
      ],
      hls(rung.name),
    ].flat();
  });
  const sound = audio.map(({ index, name, bitrate }) =>
    [['-map', `0:${index}`, '-c:a', 'aac', '-b:a', String(bitrate)], hls(name)].flat(),
  );
  return [QUIET, ['-i', source, '-filter_complex', graph], ...rungs, ...sound].flat();
}
