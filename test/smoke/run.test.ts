/** `npm run smoke`, against the engine: to its end, and nothing left. */
import { spawn } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { NEVER, QUESTIONS } from '../../local/smoke/questions.ts';
import { layerFolder } from '../support/layer.ts';

await layerFolder();
const program = fileURLToPath(new URL('../../local/commands/smoke.ts', import.meta.url));

/** Steps in their order, as the run words them. */
const STEPS = [
  /deployed sluice-local-vod: \d+ resources/,
  /signed in as ada by the pages of/,
  /asked again with prompt=none: a new token/,
  /uploaded [\d.]+ MB in 2 presigned parts/,
  /sliced: 720p/,
  /storage: preflight 200/,
  /plays by address: \d+ playlists, \d+ files/,
  /plays by cookie: \d+ files/,
  /taken back: the edge refuses a link's after [\d.]+ s, a session's after [\d.]+ s/,
  /device 139\d{8} registered and online/,
  /its stream plays: \d+ files/,
  /the task may open \d+ files/,
  /deployed again: no changes/,
  /deployed with playback\.tokenMinutes=7: in effect/,
  /destroyed in \d+ s/,
  /nothing is left of it/,
];

it('runs to its end on the engine, leaves nothing, and says what only AWS can settle', async () => {
  const { code, output } = await run();
  const places = STEPS.map((step) => output.search(step));
  expect(code, output.slice(-5000)).toBe(0);
  expect(places, output.slice(-5000)).not.toContain(-1);
  expect(places).toEqual(places.toSorted((a, b) => a - b));
  for (const { asks, how } of Object.values(QUESTIONS)) {
    expect(output).toContain(`not settled here: ${asks}`);
    expect(output).toContain(`by: ${how}`);
  }
  expect(output).toContain(
    '(here: the signature was checked first; of a revoked address the bent signature said no first)',
  );
  for (const what of NEVER) expect(output).toContain(what);
  process.stdout.write(
    `smoke run: ${STEPS.length} steps on the engine, ${Object.keys(QUESTIONS).length} questions left to AWS\n`,
  );
});

async function run(): Promise<{ code: number | null; output: string }> {
  const child = spawn(process.execPath, [program, '--engine'], { stdio: ['ignore', 'pipe', 'pipe'] });
  let output = '';
  for (const stream of [child.stdout, child.stderr]) stream.setEncoding('utf8').on('data', (text) => (output += text));
  const code = await new Promise<number | null>((resolve, reject) => child.on('error', reject).on('close', resolve));
  return { code, output };
}
