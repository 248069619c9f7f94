import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';
import { givenLayer, layerFolder } from '../lib/constructs/ffmpeg-layer-cache.ts';
import { hostArch } from './support/layer.ts';

const root = fileURLToPath(new URL('..', import.meta.url));

/** Files at a time. One for each processor, and two where there is one: most tests wait for what they started. */
const maxWorkers = Math.max(2, availableParallelism());

/** These wait for the layer's ffmpeg, and would keep the others from running while it is built. */
const NEEDS_LAYER =
  /\/test\/(synth|iam|lifecycle|smoke|lambdas\/slicing\/(accept|encode|floods|inspect|lies|throttled)|lambdas\/devices\/(clip|fragments)|containers\/ffmpeg)/;

/** Small and long. Begun last, as small ones are, it would have a machine for itself. */
const SMALL_AND_LONG = /\/test\/expressions\.test/;

/** Reads what was logged while all others of the stack ran. */
const LOOKS_BACK = /\/test\/stack\/logs\.test/;

/** The longest first, as they were the last time, or else the largest; on a machine without ffmpeg, what runs it last. */
class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const place = ({ moduleId }: TestSpecification) =>
      SMALL_AND_LONG.test(moduleId) ? 0 : LOOKS_BACK.test(moduleId) ? 2 : 1;
    const sorted = (await super.sort(files)).toSorted((a, b) => place(a) - place(b));
    if (givenLayer() !== undefined || existsSync(layerFolder(hostArch))) return sorted;
    const rank = ({ project, moduleId }: TestSpecification) =>
      project.config.sequence.groupOrder * 2 + (NEEDS_LAYER.test(moduleId) ? 1 : 0);
    return sorted.toSorted((a, b) => rank(a) - rank(b));
  }
}

/** Devices and cameras that keep time: they send, and expect, as fast as the clock runs, whatever else does. */
const REAL_TIME = [
  'test/containers/ingest/task/{attachments,control,failures,faults,field,forwarded,live,sound,takeover,told}.test.ts',
];

/**
 * Of the running stack, what touches nothing of another of these and keeps no time: one looks at ada's videos, the others send
 * and fetch uma's.
 */
const SIDE_BY_SIDE = [
  'test/e2e/console/{console,cuts,uploads,ways}.test.ts',
  'test/e2e/uppy/*.test.ts',
  'test/stack/ways.test.ts',
];

/** ms that what is asked again and again has to come to be, where a test says nothing else: a busy machine takes its time. */
const expect = { poll: { timeout: 50_000 } };

/**
 * In groups, one after another. `iam`, `synth`, `kafka`, `lifecycle` and `smoke` run beside `unit`: they wait for other
 * processes. What keeps time runs beside its like only. The stack is one for all its tests, and most have it alone.
 */
export default defineConfig({
  root,
  test: {
    sequence: { sequencer: LongestFirst },
    projects: [
      {
        root,
        test: {
          name: 'unit',
          expect,
          // What functions log is for operators; tests that look at it look at the calls.
          env: { POWERTOOLS_LOG_LEVEL: 'SILENT' },
          include: ['test/**/*.test.ts'],
          exclude: ['test/{synth,stack,e2e,iam,kafka,lifecycle,smoke}/**', ...REAL_TIME],
          maxWorkers,
          testTimeout: 60_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        root,
        test: {
          name: 'synth',
          expect,
          include: ['test/synth/**/*.test.ts'],
          maxWorkers,
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        root,
        test: {
          name: 'iam',
          expect,
          include: ['test/iam/**/*.test.ts'],
          maxWorkers,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        root,
        test: {
          name: 'lifecycle',
          expect,
          include: ['test/lifecycle/**/*.test.ts'],
          maxWorkers,
          testTimeout: 300_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        root,
        test: {
          name: 'smoke',
          expect,
          include: ['test/smoke/**/*.test.ts'],
          maxWorkers,
          testTimeout: 900_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        root,
        test: {
          name: 'kafka',
          expect,
          env: { POWERTOOLS_LOG_LEVEL: 'SILENT' },
          include: ['test/kafka/**/*.test.ts'],
          // A broker each: one at a time is enough for a machine.
          fileParallelism: false,
          testTimeout: 120_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        root,
        test: {
          name: 'real-time',
          expect,
          include: REAL_TIME,
          maxWorkers,
          // Six tests at once keep time on two processors; ten do not, where sound is encoded.
          maxConcurrency: 3,
          testTimeout: 60_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        root,
        test: {
          name: 'stack',
          expect,
          include: ['test/stack/**/*.test.ts', 'test/e2e/**/*.test.ts'],
          exclude: SIDE_BY_SIDE,
          globalSetup: ['test/stack.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 3 },
        },
      },
      {
        root,
        test: {
          name: 'stack-side-by-side',
          expect,
          include: SIDE_BY_SIDE,
          globalSetup: ['test/stack.ts'],
          maxWorkers: 2,
          testTimeout: 180_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
    ],
  },
});
