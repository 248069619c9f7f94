/** What each action of people, players and devices calls: counted at a running platform, between its functions and the engine. */
import { stat } from 'node:fs/promises';
import { UNITS_A_WRITE } from '../../lambdas/slicing/cost-of-a-second.ts';
import { Client } from '../client.ts';
import { testVideo } from '../demo.ts';
import { startEngine } from '../engine.ts';
import type { Template } from '../engine-rules.ts';
import { startLocal, type LocalStack } from '../stack.ts';
import { startBetween } from './between.ts';
import { NO_CALLS, times, type Calls, type UnitsOf } from './calls.ts';
import { countDevices } from './count-devices.ts';
import { FILM_SECONDS, type Counted } from './counted.ts';
import { Counter, less } from './counter.ts';

/** Counts for `prod`, where the local environment has shorter times. */
const AS_DEPLOYED = { 'live.stateSeconds': '30', 'live.positionSeconds': '60' };
const PART_BYTES = 5 * 1024 * 1024;

/** Starts a platform of its own for it, which takes some minutes. */
export async function countAll(log: (line: string) => void): Promise<Counted> {
  const between = await startBetween();
  const engine = await startEngine({ calledAt: between.url, log });
  try {
    if (!engine.own) throw new Error('AWS_ENDPOINT_URL names an engine whose functions cannot be told whom to call');
    between.to(engine.endpoint);
    process.env['AWS_ENDPOINT_URL'] = between.url;
    const stack = await startLocal({ port: 0, context: AS_DEPLOYED, log });
    try {
      between.unitsAre(unitsOf(stack.deployment.template, stack.deployment.physicalIds));
      const counter = new Counter(between);
      const { users } = await stack.ready();
      const ada = new Client(stack.url, users.find(({ name }) => name === 'ada')!.token);
      const actions = {
        ...(await countVideos(stack, ada, counter, log)),
        ...(await countDevices(stack, ada, counter, log)),
      };
      return { counted: new Date().toISOString().slice(0, 10), actions };
    } finally {
      await stack.close();
    }
  } finally {
    delete process.env['AWS_ENDPOINT_URL'];
    await engine.close();
    await between.close();
  }
}

/** One for the row and one for each index of its table; a record of a video is some kilobytes. */
export function unitsOf({ Resources }: Template, ids: Readonly<Record<string, string>>): UnitsOf {
  const units = new Map<string, number>();
  for (const [logicalId, { Type, Properties }] of Object.entries(Resources)) {
    if (Type !== 'AWS::DynamoDB::Table') continue;
    const indexes = (Properties?.['GlobalSecondaryIndexes'] as unknown[] | undefined)?.length ?? 0;
    units.set(ids[logicalId] ?? '', logicalId.startsWith('StorageVideos') ? UNITS_A_WRITE : 1 + indexes);
  }
  return (table) => units.get(table) ?? 1;
}

type Videos = Readonly<Record<'upload' | 'part' | 'slicing' | 'play' | 'renewal' | 'library', Calls>>;

async function countVideos(
  { ffmpegFolder }: LocalStack,
  ada: Client,
  counter: Counter,
  log: (line: string) => void,
): Promise<Videos> {
  const file = await testVideo(ffmpegFolder, log, { seconds: FILM_SECONDS, size: '1280x720' });
  const library = await counter.least(() => ada.call('GET /api/videos'));
  log('counting an upload, its slicing and its play');
  let id = '';
  const whole = await counter.during(async () => {
    id = await ada.upload(file, { name: 'counted.mp4', partBytes: PART_BYTES });
  });
  // A call signs it, and one sends it.
  const part = { ...NO_CALLS, api: 1, puts: 1 };
  const upload = less(whole, times(part, Math.ceil((await stat(file)).size / PART_BYTES)));
  const slicing = await counter.untilReady(ada, id);
  let session = 0;
  const start = async (name: string) => {
    const answer = await ada.fetch('GET', `/api/play/${id}/main.m3u8?session=${name}`);
    if (!answer.ok) throw new Error(`the manifest was answered with ${answer.status}: ${await answer.text()}`);
  };
  const play = await counter.least(() => start(`counted-begins-${(session += 1)}`));
  const renewal = await counter.least(() => start('counted-and-renewed'));
  return { upload, part, slicing, play, renewal, library };
}
