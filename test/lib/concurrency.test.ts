/** The API stays quick: what runs in the background is bound below what the account may run, at any limit. */
import { App } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { describe, expect, it } from 'vitest';
import { concurrencyOf, tooSmall } from '../../lib/concurrency.ts';
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

/** Everything that invokes a function without anybody waiting for it, and how many at a time. */
function background(template: [string, Resource][]): number {
  const of = (type: string) => template.filter(([, resource]) => resource.Type === type);
  const queues = of('AWS::Lambda::EventSourceMapping');
  // Pulls and MP4s take one of slicing's places each while they work (lambdas/slicing/beside.ts).
  const alone = queues.filter(([id]) => !/Pull|Mp4/.test(id));
  expect(queues.length - alone.length).toBe(2);
  const sources = alone.map(([, { Properties }]) => {
    const bound: unknown = Properties.ScalingConfig?.MaximumConcurrency;
    expect(bound, 'an event source without a bound').toBeTypeOf('number');
    return bound as number;
  });
  const [machine] = of('AWS::StepFunctions::StateMachine');
  const chunks = [...JSON.stringify(machine![1].Properties.DefinitionString).matchAll(/MaxConcurrency\\":([0-9]+)/g)];
  // An inline Map first, and a distributed one after it: a run is in one of them.
  expect(chunks).toHaveLength(2);
  const places = new Set(
    of('AWS::Lambda::Function').flatMap(([, { Properties }]) => Properties.Environment?.Variables.SLICING_PLACES ?? []),
  );
  expect(places.size).toBe(1);
  const videos = slicingPlaces.parse(Number([...places][0]));
  return sources.reduce((sum, bound) => sum + bound, videos * Math.max(...chunks.map(([, bound]) => Number(bound))));
}

describe('the template', () => {
  it.each([
    [10, false],
    [10, true],
    [8, true],
    [50, true],
    [100, false],
    [1000, true],
    [100_000, true],
  ])('of an account of %i (devices: %s) leaves the API at least three', (account, live) => {
    const template = resources({ 'concurrency.account': account, 'live.enabled': live });
    const left = account - background(template);
    expect(left).toBeGreaterThanOrEqual(Math.max(3, Math.floor(account * 0.3)));
    const reserved = template.filter(([, { Properties }]) => Properties?.ReservedConcurrentExecutions !== undefined);
    expect(reserved).toEqual([]);
  });

  it('reserves for the functions of the API, and for no other, when asked to', () => {
    const template = resources({ 'concurrency.account': 200, 'concurrency.reservedForApi': 20, 'live.enabled': true });
    const reserved = template.filter(([, { Properties }]) => Properties?.ReservedConcurrentExecutions !== undefined);
    expect(reserved.map(([id]) => id.replace(/[0-9A-F]{8}$/, '')).toSorted()).toEqual([
      'CatalogHandler',
      'DevicesHandler',
      'DevicesLive',
      'PlaybackManifest',
      'UploadHandler',
    ]);
    expect(background(template)).toBeLessThanOrEqual(0.7 * (200 - 5 * 20));
  });
});

it('every limit that is taken leaves something for everybody', () => {
  for (let account = 1; account <= 2000; account++) {
    if (tooSmall({ account }) !== undefined) continue;
    const { removals, clips, videos, chunks, api } = concurrencyOf({ account });
    expect(removals + clips + videos * chunks + api).toBe(account);
    expect(Math.min(removals, clips)).toBeGreaterThanOrEqual(2);
    expect(videos).toBeGreaterThanOrEqual(1);
    expect(api).toBeGreaterThanOrEqual(3);
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
