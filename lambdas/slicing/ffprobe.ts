/** Asking ffprobe about a local file. Its answer is parsed; only the fields that are used are in the schema. */
import { z } from 'zod';
import { output, ProcessError } from '../../lib/process.ts';
import { INPUT_FORMATS } from './args.ts';
import { programPath } from './program.ts';
import { Refusal } from './refusal.ts';

const text = z.string().optional();

const stream = z.object({
  index: z.int().nonnegative(),
  id: text,
  codec_type: text,
  codec_name: text,
  codec_tag_string: text,
  width: z.number().optional(),
  height: z.number().optional(),
  sample_aspect_ratio: text,
  pix_fmt: text,
  field_order: text,
  color_transfer: text,
  avg_frame_rate: text,
  r_frame_rate: text,
  start_time: text,
  duration: text,
  channels: z.number().optional(),
  sample_rate: text,
  disposition: z.object({ default: z.number().optional(), attached_pic: z.number().optional() }).prefault({}),
  tags: z.record(z.string(), z.unknown()).prefault({}),
  side_data_list: z
    .array(
      z.looseObject({
        rotation: z.number().optional(),
        dv_profile: z.number().optional(),
        dv_bl_signal_compatibility_id: z.number().optional(),
      }),
    )
    .prefault([]),
});
export type ProbedStream = z.infer<typeof stream>;

const answer = z.object({
  streams: z.array(stream).prefault([]),
  format: z.object({ format_name: text, start_time: text, duration: text }).optional(),
});
export type Probed = z.infer<typeof answer>;

const MIB = 1024 ** 2;

/** Seconds. The stand-in is small and local; a file that keeps ffprobe busy for longer is built to. */
const TIMEOUT_MS = 60_000;
/**
 * Address space: a stranger's header can ask for buffers of any size. Twenty million samples take 480 MiB, a picture of 8K
 * less than 256. Clearly below what the function has (lib/constructs/slicing-steps.ts), or it is killed before this refuses.
 */
export const MEMORY_BYTES = 1280 * MIB;

/** What the schema reads and nothing else: texts that a file brings along are as long as it likes. */
const ENTRIES = [
  `stream=${Object.keys(stream.shape)
    .filter((name) => !['disposition', 'tags', 'side_data_list'].includes(name))
    .join()}`,
  'stream_disposition=default,attached_pic',
  'stream_tags=DURATION,language,title',
  'stream_side_data=rotation,dv_profile,dv_bl_signal_compatibility_id',
  `format=${Object.keys(answer.shape.format.unwrap().shape).join()}`,
].join(':');

const UNREADABLE =
  'The file is damaged: its header cannot be read with the time and memory that any video needs; export it again.';

/** Numbers of a damaged header can be such as JSON has not, or no schema takes. */
function parse(said: Buffer): Probed {
  try {
    return answer.parse(JSON.parse(said.toString('utf8')));
  } catch (cause) {
    throw new Refusal('damaged', UNREADABLE, { cause });
  }
}

/** What ffprobe says, or undefined when it knows no such format. Throws Refusal when it cannot come to an end. */
export async function ffprobe(path: string, signal?: AbortSignal): Promise<Probed | undefined> {
  const args = [
    ['-v', 'error', '-print_format', 'json', '-show_entries', ENTRIES],
    ['-protocol_whitelist', 'file', '-format_whitelist', INPUT_FORMATS, '-threads', '1'],
    ['-probesize', String(8 * MIB), '-analyzeduration', String(20e6), '-max_streams', '4096'],
    [`file:${path}`],
  ].flat();
  try {
    const limits = { timeoutMs: TIMEOUT_MS, memoryBytes: MEMORY_BYTES, maxBytes: 4 * MIB, signal };
    const { stdout } = await output(programPath('ffprobe'), args, limits);
    return parse(stdout);
  } catch (error) {
    // ffprobe's own end says that it does not know the file. Not being able to run it is our trouble.
    if (!(error instanceof ProcessError)) throw error;
    if (error.reason === 'exit' && !/cannot allocate memory/i.test(error.stderr)) return undefined;
    throw new Refusal('damaged', UNREADABLE, { cause: error });
  }
}

/** Names of the codecs (video and audio) that this ffmpeg decodes. */
export async function decodableCodecs(): Promise<Set<string>> {
  const limits = { timeoutMs: TIMEOUT_MS, maxBytes: MIB };
  const { stdout } = await output(programPath('ffmpeg'), ['-hide_banner', '-codecs'], limits);
  return new Set([...stdout.toString('utf8').matchAll(/^ D[E.][VA]\S* (\S+)/gm)].map((match) => match[1]!));
}
