/** The API stays quick: what runs in the background is bound below what the account may run, at any limit. */
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { concurrencyOf, tooSmall } from '../../lib/concurrency.ts';
import { MAX_CHUNKS } from '../../lambdas/slicing/inspect.ts';
import { ConfigError, readConfig } from '../../lib/config.ts';
import { slicingPlaces } from '../../lib/contract/slicing.ts';
import { VodStack } from '../../lib/vod-stack.ts';

interface Resource {
  readonly Type: string;
  // oxlint-disable-next-line typescript/no-explicit-any -- templates are read as they are
  readonly Properties: any;
}

function resources(overrides: Readonly<Record<string, unknown>>): [string, Resource][] {
  // Only the template is wanted: any folder serves as the layer's.
  process.env['SLUICE_FFMPEG_LAYER'] ??= import.meta.dirname;
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  const context = { env: 'prod', environments: { prod: {} } };
  const config = readConfig((key) => context[key as keyof typeof context], overrides);
  const template = Template.fromStack(new VodStack(app, 'sluice-prod-vod', { config }));
  return Object.entries((template.toJSON() as { Resources: Record<string, Resource> }).Resources);
}

const named = (id: string) => id.replace(/[0-9A-F]{8}$/, '');
const reservedOf = (template: [string, Resource][]) =>
  new Map(
    template.flatMap(([id, { Properties }]) => {
      const count: unknown = Properties?.ReservedConcurrentExecutions;
      return count === undefined ? [] : [[named(id), count as number]];
    }),
  );

/** Everything that invokes a function without anybody waiting for it, and how many at a time. */
function background(template: [string, Resource][]): number {
  const of = (type: string) => template.filter(([, resource]) => resource.Type === type);
  const mappings = of('AWS::Lambda::EventSourceMapping');
  // What changed in a table is told to who listens, and what is searched follows it, each shard's by one execution at a time, some milliseconds a second: it has no share.
  const [streams, queues] = [true, false].map((isStream) =>
    mappings.filter(([, { Properties }]) => (Properties.StartingPosition !== undefined) === isStream),
  ) as [typeof mappings, typeof mappings];
  for (const [id, { Properties }] of streams) {
    expect(id).toMatch(/^(Presence|CatalogChanges)/);
    expect(Properties.ParallelizationFactor ?? 1).toBe(1);
    expect(Properties.MaximumBatchingWindowInSeconds).toBeGreaterThanOrEqual(1);
  }
  // Pulls and MP4s take one of slicing's places each while they work (lambdas/slicing/beside.ts).
  // What is revoked is written by one execution for a moment, which is of the API's share: who asked for it waits.
  const isWriter = ([id]: [string, Resource]) => /RevocationWriter/.test(id);
  // So is what plays by a right that was taken back, by two at most.
  const [ender] = queues.filter(([id]) => /RevocationEnder/.test(id));
  expect(ender![1].Properties.ScalingConfig.MaximumConcurrency).toBe(2);
  // And telling webhooks, which is waiting for others: ten of them in one execution.
  const [teller] = queues.filter(([id]) => /WebhooksDeliver/.test(id));
  expect(teller![1].Properties.ScalingConfig.MaximumConcurrency).toBe(2);
  // What players report is counted in a second or two of every `insight.flushSeconds`, and waits where nothing is free: it has no share.
  const isCounting = ([id]: [string, Resource]) => /^Insight(Spread|Count|Raw)/.test(id);
  const alone = queues.filter(
    (source) => !/Pull|Mp4|Ender|WebhooksDeliver/.test(source[0]) && !isWriter(source) && !isCounting(source),
  );
  expect(queues.length - alone.length).toBe(8);
  for (const [, { Properties }] of queues.filter(isCounting))
    expect(Properties.ScalingConfig?.MaximumConcurrency).toBe(2);
  const [writer] = queues.filter(isWriter);
  const one = template.find(([id]) => id === writer![1].Properties.EventSourceArn['Fn::GetAtt'][0]);
  // One message group, so one batch at a time.
  expect(one![1].Properties.FifoQueue).toBe(true);
  const sources = alone.map(([, { Properties }]) => {
    const bound: unknown = Properties.ScalingConfig?.MaximumConcurrency;
    expect(bound, 'an event source without a bound').toBeTypeOf('number');
    return bound as number;
  });
  const places = new Set(
    of('AWS::Lambda::Function').flatMap(([, { Properties }]) => Properties.Environment?.Variables.SLICING_PLACES ?? []),
  );
  expect(places.size).toBe(1);
  const videos = slicingPlaces.parse(Number([...places][0]));
  const [machine] = of('AWS::StepFunctions::StateMachine');
  const definition = JSON.stringify(machine![1].Properties.DefinitionString);
  const queued = sources.reduce((sum, bound) => sum + bound, 0);
  // Stretches first, then an inline Map, and a distributed one after it: a run is in one of them.
  const chunks = [...definition.matchAll(/MaxConcurrency\\":([0-9]+)/g)].map(([, bound]) => Number(bound));
  const reserved = reservedOf(template);
  const [copies, encodes] = [reserved.get('SlicingCopy'), reserved.get('SlicingChunk')];
  if (copies === undefined || encodes === undefined) {
    expect(chunks).toHaveLength(3);
    return queued + videos * Math.max(...chunks);
  }
  // Tasks have functions that AWS bounds; every other step of a run is one of the rest.
  expect(chunks).toEqual([encodes]);
  expect([...definition.matchAll(/MaxConcurrencyPath\\":\\"\$\.atATime/g)]).toHaveLength(2);
  return queued + videos + copies + encodes;
}

describe('the template', () => {
  it.each([
    [10, false, false],
    [10, true, false],
    [8, true, false],
    [50, true, false],
    [100, false, false],
    [220, false, false],
    [250, false, true],
    [1000, true, true],
    [100_000, true, true],
  ])(
    'of an account of %i (devices: %s) leaves the API its share; functions of tasks are reserved: %s',
    (account, live, wide) => {
      const template = resources({ 'concurrency.account': account, 'live.enabled': live });
      const left = account - background(template);
      expect(left).toBeGreaterThanOrEqual(Math.max(3, Math.floor(account * 0.3)));
      const reserved = reservedOf(template);
      expect([...reserved.keys()].toSorted()).toEqual(wide ? ['SlicingChunk', 'SlicingCopy'] : []);
      // AWS refuses a deploy that leaves fewer.
      if (wide) expect(account - [...reserved.values()].reduce((sum, one) => sum + one)).toBeGreaterThanOrEqual(100);
    },
  );

  it('gives one film alone, in an account of 1,000, a function for each of its 480 chunks', () => {
    const template = resources({ 'concurrency.account': 1000 });
    const reserved = reservedOf(template);
    expect(reserved.get('SlicingChunk')).toBeGreaterThan(MAX_CHUNKS);
    const [probe] = template.filter(([id]) => named(id) === 'SlicingProbe');
    const tasks = Number(probe![1].Properties.Environment.Variables.SLICING_TASKS);
    expect(tasks).toBe(reserved.get('SlicingChunk')! + reserved.get('SlicingCopy')!);
  });

  it('reserves for the functions of the API, when asked to, beside what tasks have', () => {
    const apis = ['CatalogHandler', 'DevicesHandler', 'DevicesLive', 'PlaybackManifest', 'UploadHandler'];
    for (const [account, tasks] of [
      [200, []],
      [1000, ['SlicingChunk', 'SlicingCopy']],
    ] as const) {
      const options = { 'concurrency.account': account, 'concurrency.reservedForApi': 20, 'live.enabled': true };
      const template = resources(options);
      const reserved = reservedOf(template);
      expect([...reserved.keys()].toSorted()).toEqual([...apis, ...tasks].toSorted());
      expect(background(template)).toBeLessThanOrEqual(0.7 * (account - 5 * 20));
      expect(account - [...reserved.values()].reduce((sum, one) => sum + one)).toBeGreaterThanOrEqual(100);
    }
  });
});

it('every limit that is taken leaves something for everybody', () => {
  for (let account = 1; account <= 2000; account++) {
    if (tooSmall({ account }) !== undefined) continue;
    const { removals, clips, videos, chunks, reserved, api } = concurrencyOf({ account });
    const slicing = reserved ? videos + reserved.copies + reserved.chunks : videos * chunks;
    expect(removals + clips + slicing + api).toBe(account);
    expect(Math.min(removals, clips)).toBeGreaterThanOrEqual(2);
    expect(videos).toBeGreaterThanOrEqual(1);
    expect(api).toBeGreaterThanOrEqual(Math.max(3, Math.floor(account * 0.3)));
    if (reserved) expect(account - reserved.copies - reserved.chunks).toBeGreaterThanOrEqual(100);
  }
});

it.each([
  [{ 'concurrency.account': 5 }, /concurrency\.account: 5 leaves nothing for slicing; at least 8 are needed/],
  [{ 'concurrency.account': 7 }, /concurrency\.account: 7 .* at least 8/],
  [{ 'concurrency.account': 10, 'concurrency.reservedForApi': 1 }, /concurrency\.reservedForApi: .*AWS wants 100/],
  [{ 'concurrency.account': 1000, 'concurrency.reservedForApi': 301 }, /concurrency\.reservedForApi/],
])('%j is refused by name', (overrides, message) => {
  const read = () => readConfig((key) => ({ env: 'x', environments: { x: {} } })[key], overrides);
  expect(read).toThrow(ConfigError);
  expect(read).toThrow(message);
});
