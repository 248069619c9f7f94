/**
 * A source without an index, as movie fragments of the same packets, and the index that comes of writing them: one pass, no
 * picture decoded, memory of a fragment. Knows no AWS.
 */
import { hasPicture, type SourceInfo } from '../../lib/contract/source.ts';
import { BoxError } from '../../lib/media/boxes.ts';
import { FragmentIndex } from '../../lib/media/fragment-index.ts';
import { readBoxes } from '../../lib/media/layout.ts';
import type { MovieIndex } from '../../lib/media/sample-table.ts';
import { start } from '../../lib/process.ts';
import { copiedOrNot } from './copy.ts';
import { memoryLimit } from './encoder.ts';
import { begunAtOnce, InOrder } from './avi-order.ts';
import { evened } from './even-sound.ts';
import { FreshKeyframes } from './fresh-keyframes.ts';
import { programPath } from './program.ts';
import { remuxArgs } from './remux-args.ts';
import { placeTexts, readTexts, readTimes } from './remux-texts.ts';
import { straightened } from './ts-clock.ts';

interface RemuxOptions {
  readonly input: AsyncIterable<Uint8Array>;
  readonly info: Pick<SourceInfo, 'container' | 'audio' | 'texts'> & Partial<Pick<SourceInfo, 'video'>>;
  readonly timeoutMs: number;
  readonly signal?: AbortSignal;
  /** Given once all was handed on. */
  readonly onEnd: (made: Remuxed) => void;
}

export interface Remuxed {
  /** Bytes of the file. */
  readonly bytes: number;
  /** The picture, or what stands for it, sounds and texts, in the order of the source's facts. */
  readonly index: MovieIndex;
  /** The same, where only those keyframes count that need nothing before them; undefined: it cannot be copied. */
  readonly fresh: MovieIndex | undefined;
}

/**
 * The file, piece by piece; of what it is made, `onEnd` is told.
 * @throws ProcessError when ffmpeg cannot read or write it, BoxError, or what `input` breaks with
 */
export async function* remux({ input, info, timeoutMs, signal, onEnd }: RemuxOptions): AsyncGenerator<Buffer> {
  const { audio, texts = [] } = info;
  const video = info.video && hasPicture({ video: info.video }) ? info.video : undefined;
  const running = start(programPath('ffmpeg'), remuxArgs({ ...info, video }), {
    input: info.container === 'mpegts' ? straightened(input) : input,
    timeoutMs,
    ...memoryLimit(),
    pipes: texts.length === 0 ? 0 : 1 + texts.length,
    ...(signal && { signal }),
  });
  const said = Promise.all([
    running.pipes[0] ? readTimes(running.pipes[0], texts.length) : [],
    readTexts(running.pipes.slice(1)),
  ]);
  said.catch(() => undefined);
  const positions = [...(video ? [video] : []), ...audio].map((_, position) => position);
  const saysNoOrder = info.container === 'avi' && video?.codec === 'h264';
  let gathered: FragmentIndex | undefined;
  let keyframes: FreshKeyframes | undefined;
  const inOrder = new InOrder();
  let at = 0;
  try {
    for await (const { type, bytes } of readBoxes(running.stdout)) {
      if (type === 'moov') {
        gathered = new FragmentIndex(bytes.subarray(8), positions);
        const copied = video && copiedOrNot(gathered.index.tracks[0]!.trak, video);
        keyframes = copied && new FreshKeyframes(copied);
      }
      if (type === 'moof') gathered?.add(bytes, at);
      if (type === 'mdat' && gathered) {
        const { samples } = gathered.index.tracks[0]!;
        if (saysNoOrder) inOrder.look(samples, bytes, at);
        keyframes?.look(samples, bytes, at);
      }
      at += bytes.length;
      yield bytes;
    }
  } finally {
    running.kill();
  }
  await running.done;
  if (gathered === undefined) throw new BoxError('no movie header was written');
  const { bytes, tracks: read } = placeTexts(...(await said), at);
  if (texts.length > 0) yield bytes;
  const { timescale, tracks } = gathered.index;
  const pictures = tracks
    .slice(0, video ? 1 : 0)
    .map((track) => (info.container === 'avi' ? begunAtOnce(track) : track));
  const others = [...tracks.slice(pictures.length).map(evened), ...read];
  // Of sound alone the first stands for the picture, too.
  if (info.video && !video) pictures.push(...others.slice(0, 1));
  const fresh = pictures[0] && keyframes?.only(pictures[0].samples);
  onEnd({
    bytes: at + (texts.length > 0 ? bytes.length : 0),
    index: { timescale, tracks: [...pictures, ...others] },
    fresh: fresh && { timescale, tracks: [{ ...pictures[0]!, samples: fresh }, ...others] },
  });
}
