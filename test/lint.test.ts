/** Each import that `lint` refuses, written into a small tree with the real rules: the piece fails and says what to do. */
import { cpSync, mkdirSync, readdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { ROOMS } from '../.ci/oxlint.config.ts';
import { oxlint, root, runCommand } from '../local/commands/pieces.ts';

const TASK = 'containers/ingest/src';

/** What refuses it, the file that imports, and what. `*` stands for the names of the file's own line. */
const REFUSED: readonly (readonly [rule: string, file: string, imports: string, message: string])[] = [
  ['lib a function', 'lib/vod-stack.ts', '../lambdas/upload/handler.ts', 'lib imports no function'],
  ['lib a function, from a construct', 'lib/constructs/upload.ts', '../../lambdas/upload/limits.ts', 'lib imports no'],
  ['lib a container', 'lib/constructs/ingest.ts', '../../containers/ingest/src/task/main.ts', 'lib imports no'],
  ['lib a tool', 'lib/config.ts', '../local/cache.ts', 'lib imports no'],
  ['lib the console', 'lib/constructs/console.ts', '../../web/src/main.ts', 'lib imports no'],
  ['the contract the SDK', 'lib/contract/keys.ts', '@aws-sdk/client-s3', 'imports only zod and itself'],
  ['the contract Node', 'lib/contract/events.ts', 'node:crypto', 'imports only zod and itself'],
  ['the contract another part of zod', 'lib/contract/env.ts', 'zod/v4', 'imports only zod and itself'],
  ['the contract the configuration', 'lib/contract/api.ts', '../config.ts', 'imports only zod and itself'],
  ['the contract another way round', 'lib/contract/signing.ts', './../config.ts', 'imports only zod and itself'],
  [
    'what is no room yet a function',
    'containers/ingest/src/rtmp/a.ts',
    '../../../../lambdas/shared/http.ts',
    'A container imports no',
  ],
  [
    'streams a protocol, through src',
    'containers/ingest/src/streams/a.ts',
    '../../src/jt808/time.ts',
    'streams/ imports',
  ],
  ['the contract lib/media', 'lib/contract/video.ts', '../media/boxes.ts', 'imports only zod and itself'],
  ['lib/media a package', 'lib/media/boxes.ts', 'zod', 'lib/media is pure bytes'],
  ['lib/media the configuration', 'lib/media/hls.ts', '../config.ts', 'lib/media is pure bytes'],
  ['lib/media what the contract runs', 'lib/media/reader.ts', '../contract/keys.ts', 'write import type'],
  [
    'a function the container',
    'lambdas/playback/live/handler.ts',
    `../../../${TASK}/hls/cmaf.ts`,
    'A function imports no',
  ],
  ['a function a tool', 'lambdas/upload/handler.ts', '../../local/client.ts', 'A function imports no'],
  ['a function the console', 'lambdas/console/publish.ts', '../../web/src/theme.ts', 'A function imports no'],
  [
    'a function the CDK',
    'lambdas/slicing/probe.ts',
    '../../lib/constructs/slicing.ts',
    'of lib nothing that brings the CDK',
  ],
  [
    'a function the configuration',
    'lambdas/slicing/plan.ts',
    '../../lib/config.ts',
    'of lib nothing that brings the CDK',
  ],
  ['the console a function', 'web/src/api/client.ts', '../../../lambdas/catalog/view.ts', 'The console imports no'],
  ['the console the container', 'web/src/live/phase.ts', `../../../${TASK}/media/unit.ts`, 'The console imports no'],
  ['the console a tool', 'web/vite.config.ts', '../local/engine.ts', 'The console imports no'],
  [
    'the task a function',
    `${TASK}/task/server.ts`,
    '../../../../lambdas/shared/devices.ts',
    'The ingest task imports no',
  ],
  ['the task a tool', `${TASK}/task/main.ts`, '../../../../local/process.ts', 'The ingest task imports no'],
  ['a room a function', `${TASK}/cloud/registry.ts`, '../../../../lambdas/shared/devices.ts', 'cloud/ imports only'],
  ['a room the CDK', `${TASK}/common/config.ts`, '../../../../lib/config.ts', 'common/ imports no other room'],
  ['sessions the task', `${TASK}/sessions/control/session.ts`, '../../task/server.ts', 'sessions/ imports'],
  ['streams sessions', `${TASK}/streams/keeping.ts`, '../sessions/control/admission.ts', 'streams/ imports neither'],
  ['streams a protocol', `${TASK}/streams/stream.ts`, '../jt808/identity.ts', 'streams/ imports neither'],
  ['streams packets', `${TASK}/streams/deep/stream.ts`, '../../jt1078/packet.ts', 'streams/ imports neither'],
  ['services streams', `${TASK}/services.ts`, './streams/streams.ts', 'services.ts holds what the parts'],
  ['cloud services', `${TASK}/cloud/fleet.ts`, '../services.ts', 'cloud/ imports only'],
  ['cloud streams', `${TASK}/cloud/outbox.ts`, '../streams/fence.ts', 'cloud/ imports only'],
  ['sound sockets', `${TASK}/sound/sounds.ts`, '../net/gate.ts', 'sound/ imports only'],
  ['sockets the cloud', `${TASK}/net/gate.ts`, '../cloud/unknown.ts', 'net/ imports only'],
  ['a protocol HLS', `${TASK}/jt1078/channel.ts`, '../hls/segmenter.ts', 'A protocol imports only'],
  ['a protocol another', `${TASK}/jt808/subiao/raw.ts`, '../../jt1078/packet.ts', 'A protocol imports only'],
  ['a protocol sessions', `${TASK}/jt808/decoder.ts`, '../sessions/media/session.ts', 'A protocol imports only'],
  ['HLS a protocol', `${TASK}/hls/segmenter.ts`, '../jt808/time.ts', 'hls/ imports only'],
  ['HLS packets', `${TASK}/hls/deep/er/cmaf.ts`, '../../../jt1078/frame.ts', 'hls/ imports only'],
  ['media anything above', `${TASK}/media/unit.ts`, '../hls/cmaf.ts', 'media/ imports no other room'],
  ['common anything above', `${TASK}/common/metrics.ts`, '../media/clock.ts', 'common/ imports no other room'],
];

/** Names that look alike, and what is below: none of these is refused. */
const ALLOWED: readonly (readonly [file: string, imports: string])[] = [
  ['lib/constructs/upload.ts', '../contract/keys.ts'],
  ['lib/constructs/ingest.ts', './ingest-options.ts'],
  ['lib/contract/keys.ts', 'zod'],
  ['lib/contract/live-keys.ts', './keys.ts'],
  ['lib/media/boxes.ts', './bytes.ts'],
  ['lib/media/deep/reader.ts', './boxes.ts'],
  ['lambdas/upload/handler.ts', '../../lib/contract/upload.ts'],
  ['lambdas/playback/live/handler.ts', '../../../lib/media/hls.ts'],
  ['lambdas/playback/access.ts', '../shared/local.ts'],
  ['lambdas/slicing/poster.ts', '../../lib/process.ts'],
  ['web/src/live/phase.ts', '../../../lib/contract/api.ts'],
  ['web/src/map/marks.ts', '../fleet/containers.ts'],
  [`${TASK}/task/server.ts`, '../sessions/control/session.ts'],
  [`${TASK}/sessions/media/session.ts`, '../../jt1078/assemble.ts'],
  [`${TASK}/sessions/control/device.ts`, '../media/reception.ts'],
  [`${TASK}/streams/stream.ts`, '../hls/segmenter.ts'],
  [`${TASK}/streams/target.ts`, '../services.ts'],
  [`${TASK}/services.ts`, './cloud/fleet.ts'],
  [`${TASK}/cloud/unknown.ts`, '../net/gate.ts'],
  [`${TASK}/net/listeners.ts`, '../jt808/subiao/raw.ts'],
  [`${TASK}/hls/cmaf.ts`, './sound.ts'],
  [`${TASK}/hls/segmenter.ts`, '../media/unit.ts'],
  [`${TASK}/hls/boxes.ts`, '../../../../lib/media/boxes.ts'],
  [`${TASK}/jt808/messages/registry.ts`, '../subiao/sign.ts'],
];

const trees: string[] = [];
afterAll(() => trees.forEach((tree) => rmSync(tree, { recursive: true })));

/** A tree of its own with the real rules. Its path names folders of ours, which must not count. */
function plant(files: Readonly<Record<string, string>>): string {
  const tree = join(mkdtempSync(join(tmpdir(), 'sluice-lint-')), 'test', 'lib', 'sluice');
  trees.push(resolve(tree, '../../..'));
  cpSync(resolve(import.meta.dirname, '../.ci'), join(tree, '.ci'), { recursive: true });
  for (const [path, text] of Object.entries(files)) {
    mkdirSync(dirname(join(tree, path)), { recursive: true });
    writeFileSync(join(tree, path), text);
  }
  return tree;
}

interface Diagnostic {
  readonly filename: string;
  readonly code: string;
  readonly help?: string;
}

async function lint(files: Readonly<Record<string, string>>): Promise<{ ok: boolean; found: readonly Diagnostic[] }> {
  const { ok, output } = await runCommand(oxlint('--format', 'json'), plant(files));
  return { ok, found: (JSON.parse(output) as { diagnostics: Diagnostic[] }).diagnostics };
}

describe('lint refuses', () => {
  /** A file for each row and each way of importing; the folder keeps rows of one file apart. */
  const WAYS: Readonly<Record<string, (from: string) => string>> = {
    value: (from) => `import { a } from '${from}';\nexport const b = a;\n`,
    passed: (from) => `export { a } from '${from}';\n`,
    type: (from) => `export type * from '${from}';\n`,
    call: (from) => `export const loaded = import('${from}');\n`,
  };
  const named = (file: string, way: string) => file.replace(/\.ts$/, way === 'value' ? '.ts' : `-${way}.ts`);
  let result: Awaited<ReturnType<typeof lint>>;
  beforeAll(async () => {
    const files = REFUSED.flatMap(([, file, imports]) =>
      Object.entries(WAYS).map(([way, text]) => [named(file, way), text(imports)] as const),
    );
    result = await lint(Object.fromEntries(files));
  });

  it('and fails', () => {
    expect(result.ok).toBe(false);
  });

  it.each(REFUSED)('%s (%s → %s)', (_, file, imports, message) => {
    // Only a file of this name is services.ts.
    const ways = file.endsWith('/services.ts') ? ['value'] : Object.keys(WAYS);
    const refused = ways.filter((way) => way !== 'type' || !message.includes('import type'));
    for (const way of refused) {
      const told = result.found.filter(({ filename }) => filename.endsWith(named(file, way)));
      expect(told, `${named(file, way)} imports ${imports}`).not.toEqual([]);
      for (const { help } of told) expect(help).toContain(message);
    }
  });
});

describe('lint keeps bulk listing and deleting in one file', () => {
  const imports = (name: string) => `import { ${name} } from '@aws-sdk/client-s3';\nexport const a = ${name};\n`;
  const NAMES = ['ListObjectsCommand', 'ListObjectsV2Command', 'paginateListObjectsV2', 'DeleteObjectsCommand'];

  it('and refuses it to every other function, by any name', async () => {
    const files = NAMES.map((name) => [`lambdas/storage/${name}.ts`, imports(name)] as const);
    const whole = "import * as s3 from '@aws-sdk/client-s3';\nexport const a = s3.DeleteObjectsCommand;\n";
    const { ok, found } = await lint({ ...Object.fromEntries(files), 'lambdas/catalog/whole.ts': whole });
    expect(ok).toBe(false);
    expect(found).toHaveLength(NAMES.length + 1);
    for (const { help } of found) expect(help).toContain('lambdas/shared/objects.ts');
  });

  it('where it is allowed, as one object at a time is everywhere', async () => {
    const files = { 'lambdas/shared/objects.ts': imports(NAMES.join(', ')).replace(/ = .*;/, ' = 1;') };
    const one = "import { DeleteObjectCommand } from '@aws-sdk/client-s3';\nexport const a = DeleteObjectCommand;\n";
    const { found } = await lint({ ...files, 'lambdas/storage/one.ts': one });
    expect(found.filter(({ code }) => code.includes('restricted'))).toEqual([]);
  });
});

it('lint knows every room of the ingest task', () => {
  const rooms = readdirSync(join(root, 'containers/ingest/src'));
  expect(rooms.toSorted()).toEqual(ROOMS.flatMap((line) => Object.keys(line)).toSorted());
});

it('lint refuses a circle, of types too', async () => {
  const { ok, found } = await lint({
    'local/device/clip.ts':
      "import { read } from './clip-mp4.ts';\nexport interface Clip {\n  readonly at: number;\n}\nexport const clip: Clip = read();\n",
    'local/device/clip-mp4.ts':
      "import type { Clip } from './clip.ts';\nexport const read = (): Clip => ({ at: 0 });\n",
  });
  expect(ok).toBe(false);
  expect(found.map(({ code }) => code)).toEqual(['import(no-cycle)', 'import(no-cycle)']);
});

it('lint lets pass what stands below, and names that only look alike', async () => {
  const files = Object.fromEntries(ALLOWED.map(([file, from]) => [file, `export * from '${from}';\n`]));
  const { ok, found } = await lint({ ...files, 'lib/media/hls.ts': "export type * from '../contract/video.ts';\n" });
  expect(found).toEqual([]);
  expect(ok).toBe(true);
});
