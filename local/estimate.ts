/** What slicing one local file would cost: inspected and planned by the code of the functions, and priced by their table. */
import { createReadStream } from 'node:fs';
import { copyFile, mkdtemp, open, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { checkVideo } from '../lambdas/slicing/budget.ts';
import { encodingSeconds, estimateCost, estimateUsage, madeNow, type Work } from '../lambdas/slicing/estimate.ts';
import { ALL, describeHead, findFrames, HEAD_BYTES, indexOf } from '../lambdas/slicing/in-place.ts';
import { inspect, tableOfRemuxed } from '../lambdas/slicing/inspect.ts';
import { byEngine } from '../lambdas/slicing/laying.ts';
import { planSlicing } from '../lambdas/slicing/plan.ts';
import { spokenBytes, spokenDuration } from '../lambdas/slicing/refusal.ts';
import { isIndexedInPlace, worthRemuxing } from '../lambdas/slicing/remux-args.ts';
import { remux, type Remuxed } from '../lambdas/slicing/remuxer.ts';
import type { SegmentTable } from '../lambdas/slicing/segment-table.ts';
import type { Config } from '../lib/config.ts';
import { costOptions } from '../lib/contract/cost.ts';
import type { Plan } from '../lib/contract/plan.ts';
import { HOSTED, PRICED, type Architecture } from '../lib/contract/prices.ts';
import { slicingOptions, type SlicingOptions } from '../lib/contract/slicing.ts';
import { hasPicture, type SourceInfo } from '../lib/contract/source.ts';
import { BoxError } from '../lib/media/boxes.ts';
import { MatroskaError } from '../lib/media/matroska.ts';
import { ProcessError } from '../lib/process.ts';

/** Milliseconds for a file that must be read whole. */
const TIMEOUT_MS = 30 * 60_000;

/** What our own functions would do with a file, what MediaConvert would, and which of them the deployment takes for it. */
export interface Planned {
  readonly own: Plan & Work;
  readonly theirs: Plan & Work;
  readonly engine: Plan['engine'];
}

/** The plans of a local file under a configuration. Throws Refusal for what slicing would refuse. */
export async function planFile(path: string, config: Config, log: (line: string) => void): Promise<Planned> {
  const file = await open(path);
  const folder = await mkdtemp(join(tmpdir(), 'sluice-estimate-'));
  try {
    const { size } = await file.stat();
    const options = slicingOptions.parse(config.slicing);
    log(`looking at ${spokenBytes(size)}`);
    const read = async (offset: number, length: number) => {
      const bytes = Buffer.alloc(Math.max(0, Math.min(length, size - offset)));
      const { bytesRead } = await file.read(bytes, 0, bytes.length, offset);
      return bytes.subarray(0, bytesRead);
    };
    const looked = await inspect({
      source: { size, read },
      path: join(folder, 'source'),
      fetchWhole: async (to) => {
        log('reading all of it, since nothing shorter tells its length');
        await copyFile(path, to);
      },
      options,
      anySize: true,
      timeoutMs: TIMEOUT_MS,
    });
    let { info, table } = looked;
    if (!table && worthRemuxing(info, options)) {
      log('reading all of it, since it has no index');
      table = await tableFound(path, await read(0, HEAD_BYTES), info, options);
      info = { ...info, duration: table?.seconds ?? info.duration };
    }
    // Nothing of these three is in a price.
    const of = { videoId: 'a'.repeat(20), revision: 1, execution: 'estimate' };
    const source = { bucket: 'local', key: path, info };
    const own = { ...planSlicing({ ...of, source }, options, table), table };
    const whole = planSlicing({ ...of, source }, { ...options, ladderWhen: 'upload' });
    const engines = { options, machine: costOptions.parse(config.slicing), architecture: config.architecture };
    const { engine } = byEngine(own, whole, engines).plan;
    return { own: withChunks(own), theirs: { ...withChunks(whole), engine: 'mediaconvert' }, engine };
  } finally {
    await file.close();
    await rm(folder, { recursive: true, force: true });
  }
}

const withChunks = ({ plan, chunks }: ReturnType<typeof planSlicing>) => ({ ...plan, chunks });

/** The table that a pass over a source without an index gives it, as for withIndex; undefined where none can be made. */
async function tableFound(
  path: string,
  beginning: Buffer,
  info: SourceInfo,
  options: SlicingOptions,
): Promise<SegmentTable | undefined> {
  const found = async (pass: () => Promise<Pick<Remuxed, 'index' | 'fresh'> | undefined>) => {
    try {
      const made = await pass();
      return made && tableOfRemuxed(made, info, options);
    } catch (error) {
      if (!(error instanceof MatroskaError || error instanceof ProcessError || error instanceof BoxError)) throw error;
      return undefined;
    }
  };
  const inPlace = async () => {
    const head = await describeHead(beginning, info, TIMEOUT_MS);
    return indexOf(head, [await findFrames(head, info, ALL, createReadStream(path))]);
  };
  const written = async () => {
    let made: Remuxed | undefined;
    const pieces = remux({ input: createReadStream(path), info, timeoutMs: TIMEOUT_MS, onEnd: (end) => (made = end) });
    for await (const _ of pieces);
    return made;
  };
  return (isIndexedInPlace(info) ? await found(inPlace) : undefined) ?? (await found(written));
}

/** The page that is printed, and why the deployment would refuse the file, if it would. */
export function report(planned: Planned, config: Config): { lines: string[]; refusal: string | undefined } {
  const { own: plan, engine } = planned;
  const machine = costOptions.parse(config.slicing);
  const { architecture } = config;
  const { info } = plan.source;
  const ours = estimateCost(madeNow(plan), machine, architecture);
  const theirs = estimateCost(planned.theirs, machine, architecture);
  const minutes = info.duration / 60;
  const rungs = plan.video.map(({ name, copied }) =>
    copied === true ? `${name} copied` : plan.later?.includes(`video/${name}`) ? `${name} when it is played` : name,
  );
  const rows: [string, string, string][] = [
    ['', 'slicing', 'storage a month'],
    [`Sluice, ${architecture}, ${machine.preset}`, dollars(ours.estimate), dollars(ours.monthly)],
    ['MediaConvert, Basic tier, same ladder', dollars(theirs.estimate), dollars(theirs.monthly)],
    ...HOSTED.map(({ name, priced, encodeMinute, storeMinute }): [string, string, string] => [
      `${name} (${priced})`,
      dollars(encodeMinute * minutes),
      dollars(storeMinute * minutes),
    ]),
  ];
  const refused = refusalOf(() => checkVideo(engine === 'mediaconvert' ? theirs : ours, machine));
  return {
    refusal: refused,
    lines: [
      `${hasPicture(info) ? `${info.video.width}x${info.video.height}, ${Number(info.video.frameRate.toFixed(3))} frames/s` : 'sound alone'}, ${[...(hasPicture(info) ? [info.video.codec] : []), ...info.audio.map(({ codec }) => codec)].join(', ')}; ${spokenDuration(info.duration)}, ${spokenBytes(info.bytes)}`,
      `ladder: ${[...rungs, ...(plan.audio.length > 0 ? ['sound'] : [])].join(', ')}; ${plan.timescale === null ? 'no index to slice by, so one function takes it whole' : `${plan.chunkCount} task${plan.chunkCount === 1 ? '' : 's'}`}`,
      '',
      ...rows.map(([what, once, monthly]) => `${what.padEnd(40)}${once.padStart(12)}${monthly.padStart(18)}`),
      '',
      `This deployment takes ${engine === 'mediaconvert' ? 'MediaConvert' : 'its own functions'} for it (slicing.engine=${machine.engine}).`,
      parts(madeNow(plan), machine, architecture),
      `AWS: list prices of us-east-1 of ${PRICED}, without free tiers; without playback, which is billed by what is watched.`,
    ],
  };
}

function parts(plan: Work, machine: Parameters<typeof estimateUsage>[1], architecture: Architecture): string {
  const used = estimateUsage(plan, machine);
  const all = encodingSeconds(plan, machine.preset);
  const counts = [
    `${used.gbSeconds.toFixed(0)} GiB-seconds (${all.toFixed(0)} CPU-seconds of ${architecture} to decode and encode)`,
    `${used.invocations} calls`,
    `${used.transitions} transitions`,
    `${used.puts} writes to S3 and ${used.gets} reads`,
  ];
  return `Sluice: ${counts.join(', ')}.`;
}

function refusalOf(check: () => void): string | undefined {
  try {
    check();
    return undefined;
  } catch (error) {
    return (error as { reason?: string }).reason ?? String(error);
  }
}

/** `$12.40`; below ten cents `$0.0042`. */
const dollars = (amount: number): string => `$${amount >= 0.1 || amount === 0 ? amount.toFixed(2) : amount.toFixed(4)}`;
