/**
 * What is asked of MediaConvert for odd files, by what its stand-in makes of that without the service around it: the recipes
 * of the table in docs/slicing.md, looked at as probe does.
 */
import { copyFile, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { readCounts } from '../../../lambdas/slicing/fields.ts';
import { inspect, type Inspected } from '../../../lambdas/slicing/inspect.ts';
import { jobOf } from '../../../lambdas/slicing/mediaconvert/settings.ts';
import { textsByIndex } from '../../../lambdas/slicing/mediaconvert/texts.ts';
import { planSlicing } from '../../../lambdas/slicing/plan.ts';
import { merge } from '../../../lambdas/slicing/playlists.ts';
import { programPath } from '../../../lambdas/slicing/program.ts';
import { LOOK } from '../../../lambdas/slicing/reading.ts';
import type { ByteSource } from '../../../lib/media/layout.ts';
import { output, run, start } from '../../../lib/process.ts';
import { argsOf, toneOf } from '../../../local/mediaconvert/convert.ts';
import { ODD_FILES } from '../../odd-files/list.ts';
import type { Expected } from '../../odd-files/making.ts';
import { ffmpeg, fileSource, workFolder } from './media.ts';
import { PLACE, wire } from './mediaconvert-job.ts';
import { OPTIONS, VIDEO_ID } from './options.ts';

let folder: string;
let remove: () => Promise<void>;
const at = (name: string): string => join(folder, name);
beforeAll(async () => {
  ({ folder, remove } = await workFolder());
});
afterAll(() => remove());

const options = { ...OPTIONS, ladder: [360], chunkSeconds: 2 };
const look = async (name: string): Promise<Inspected> =>
  inspect({
    source: await fileSource(at(name)),
    path: at('stand-in'),
    fetchWhole: (path) => copyFile(at(name), path),
    options,
    anySize: true,
    timeoutMs: 60_000,
  });

const planOf = ({ info }: Inspected) => {
  const source = { bucket: 'sources', key: 'uploads/a/source', info };
  const { plan } = planSlicing({ videoId: VIDEO_ID, revision: 1, execution: 'run', source }, options);
  return { ...plan, engine: 'mediaconvert' as const };
};

/** What the stand-in makes of the picture. */
async function converted(name: string): Promise<string> {
  // oxlint-disable-next-line typescript/no-explicit-any -- settings as they travel
  const { settings } = wire(jobOf(planOf(await look(name)), PLACE)) as any;
  const { rotate } = settings.inputs[0].videoSelector;
  const tone = await toneOf(programPath('ffmpeg'), at(name), folder);
  const to = at(`${name}.made.mp4`);
  await run(
    programPath('ffmpeg'),
    argsOf(settings.outputGroups[0].outputs[0], { path: at(name), streams: {}, rotate, tone }, to),
  );
  return to;
}

/** How its stream is described: `width,height,color_transfer`. */
async function described(path: string): Promise<string> {
  const args = ['-v', 'error', '-select_streams', 'v', '-show_entries', 'stream=width,height,color_transfer'];
  const { stdout } = await output(programPath('ffprobe'), [...args, '-of', 'csv=p=0', path], { maxBytes: 1000 });
  return stdout.toString().trim();
}

async function colourAt(path: string, x: number, y: number): Promise<number[]> {
  const filters = `crop=4:4:iw*${x}:ih*${y},scale=1:1:flags=area,format=rgb24`;
  await ffmpeg('-i', path, '-frames:v', '1', '-vf', filters, '-f', 'rawvideo', at('pixel'));
  return [...(await readFile(at('pixel')))];
}

async function combed(path: string): Promise<number> {
  const args = ['-nostdin', '-hide_banner', '-i', path, '-vf', LOOK, '-f', 'null', '-'];
  const { stderr } = await start(programPath('ffmpeg'), args, { together: true, keptBytes: 65_536 }).done;
  const { top, bottom } = readCounts(stderr)!;
  return top + bottom;
}

describe('what MediaConvert slices', () => {
  it('has the captions that are in the file, read by its index', async () => {
    const { make, expected } = ODD_FILES.find(({ name }) => name === 'said.mp4')!;
    await make(at);
    const found = await look('said.mp4');
    const { reads, ...source } = counted(await fileSource(at('said.mp4')));
    const texts = await textsByIndex(planOf(found), found.table!, source);
    expect(texts.map(({ cues }) => cues)).toEqual((expected as Expected).texts!.map(({ cues }) => cues));
    expect(reads.every(({ length }) => length < 100)).toBe(true);
    // The task that leaves them makes no rendition.
    const made = { kind: 'video' as const, name: '90p', codecs: 'avc1', init: '', segments: [] };
    expect(
      merge([
        { index: 0, renditions: [made] },
        { index: 1, renditions: [], texts },
      ]),
    ).toHaveLength(1);
  });
});

/** A source, and what was read of it. */
function counted(source: ByteSource) {
  const reads: { offset: number; length: number }[] = [];
  return {
    size: source.size,
    reads,
    read: (offset: number, length: number) => {
      reads.push({ offset, length });
      return source.read(offset, length);
    },
  };
}

describe('a job of MediaConvert', () => {
  it.each(['pq.mp4', 'turns.ts', 'turned.mp4'])(
    'makes of %s what our own functions do',
    async (name) => {
      const { make, expected } = ODD_FILES.find((file) => file.name === name)!;
      await make(at);
      const made = await converted(name);
      const { size, colours = [], space, whole } = expected as Expected;
      // As players show the file.
      const corner = size === undefined ? [] : [[0.1, 0.1, ...(await colourAt(at(name), 0.1, 0.1))] as const];
      const [width, height, transfer] = (await described(made)).split(',');
      if (size !== undefined) expect(`${width}x${height}`).toBe(size);
      if (space !== undefined) expect(transfer).toBe(space);
      for (const [x, y, ...rgb] of [...colours, ...corner]) {
        const found = await colourAt(made, x, y);
        rgb.forEach((value, index) => expect(Math.abs(found[index]! - value), String(found)).toBeLessThan(30));
      }
      if (whole === true) expect(await combed(made)).toBeLessThan(5);
    },
    60_000,
  );
});
