/** Throttled is slow, not failed: the waits that the template declares, and a backlog that lives through them. */
import { Code, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import { Match, Template } from 'aws-cdk-lib/assertions';
import { beforeAll, describe, expect, it } from 'vitest';
import { Slicing } from '../../../lib/constructs/slicing.ts';
import { stretchesOf } from '../../../lambdas/slicing/stretches-of.ts';
import { ARRIVAL_SECONDS } from '../../../lib/contract/slicing.ts';
import { shareOf } from '../../../lambdas/slicing/share.ts';
import { execute, machineOf, tasksOf, VirtualClock, waitsOf, type Machine } from '../../support/machine.ts';
import { stageScope } from './stage.ts';

const HOUR = 3600;
const DAY = 24 * HOUR;

let template: Template;
let machine: Machine;
/** Seconds a function may run, by logical id. */
let timeouts: Map<string, number>;
let longestTask: number;
/** Videos at a time, as the template says. */
let places: number;
/** Of few tasks and of many, each of which has a history of its own. */
const FEW = ['Copy one of few', 'Encode one of few'];
const MANY = ['Copy one of many', 'Encode one of many', 'Mark failed there'];
/** Of stretches, which probe reads alone where that goes wrong. */
const STRETCH = 'Read stretch';
/** All that are patient: whatever goes wrong with few tasks is left to the way for many. */
const patient = () => tasksOf(machine).filter(([task]) => !FEW.includes(task) && task !== STRETCH);
/** Tasks that one run can go through: a source is encoded whole, or in parts. */
const onOneWay = () => patient().filter(([task]) => !MANY.includes(task));
beforeAll(() => {
  const { stack, config, storage } = stageScope();
  const ffmpegLayer = new LayerVersion(stack, 'Ffmpeg', { code: Code.fromAsset(import.meta.dirname) });
  new Slicing(stack, 'Slicing', { config, storage, ffmpegLayer });
  template = Template.fromStack(stack);
  machine = machineOf(template);
  const functions = Object.values(template.findResources('AWS::Lambda::Function')).map((fn) => fn['Properties']);
  timeouts = new Map(
    Object.entries(template.findResources('AWS::Lambda::Function')).map(([id, fn]) => [id, fn['Properties'].Timeout]),
  );
  longestTask = Math.max(...tasksOf(machine).map(([, { Resource }]) => timeouts.get(Resource!)!));
  places = Number(functions.find((fn) => fn.Environment.Variables.PRESET)?.Environment.Variables.SLICING_PLACES);
}, 60_000);

describe('the waits', () => {
  it.each([
    // Nothing was done yet, so a whole backlog may come first.
    ['Lambda.TooManyRequestsException', 24 * HOUR],
    ['ThrottledError', 1.5 * HOUR],
    ['TransientError', 12 * 60],
    ['Lambda.ServiceException', 12 * 60],
    ['Lambda.AWSLambdaException', 12 * 60],
    ['Lambda.SdkClientException', 12 * 60],
    ['Lambda.ClientExecutionTimeoutException', 12 * 60],
  ])('of %s together last over %i s on average, in every step', (name, seconds) => {
    const tasks = patient();
    expect(tasks.map(([task]) => task).toSorted()).toEqual(
      [...MANY, 'Probe source', 'Assemble renditions', 'Encode whole', 'Mark failed'].toSorted(),
    );
    for (const [, { Retry = [] }] of tasks) {
      const retriers = Retry.filter(({ ErrorEquals }) => ErrorEquals.includes(name));
      expect(retriers).toHaveLength(1);
      expect(retriers[0]).toMatchObject({ JitterStrategy: 'FULL', BackoffRate: 2 });
      expect(retriers[0]!.MaxDelaySeconds).toBeLessThanOrEqual(300);
      expect(waitsOf(retriers[0]!).average).toBeGreaterThan(seconds);
    }
  });

  it('for a place are days: eight of the step that asks, two of each that keeps it; and are counted by themselves', () => {
    const days = patient().map(([task, { Retry = [] }]) => {
      const place = Retry.filter(({ ErrorEquals }) => ErrorEquals.includes('NoPlaceError'));
      expect(place.flatMap(({ ErrorEquals }) => ErrorEquals)).toEqual(place.map(() => 'NoPlaceError'));
      return [task, place.map((retrier) => Math.floor(waitsOf(retrier).average / DAY))];
    });
    expect(Object.fromEntries(days)).toEqual({
      'Probe source': [8],
      'Copy one of many': [2],
      'Encode one of many': [2],
      'Assemble renditions': [2],
      'Encode whole': [2],
      'Mark failed there': [],
      'Mark failed': [],
    });
  });

  it('for a function outlast the longest task 90 times over', () => {
    expect(longestTask).toBe(900);
    for (const [, { Retry }] of patient()) {
      const room = Retry!.find(({ ErrorEquals }) => ErrorEquals.includes('Lambda.TooManyRequestsException'))!;
      expect(waitsOf(room).average / longestTask).toBeGreaterThan(90);
    }
  });

  it('of all steps, at their longest and with every try, fit the run; nothing that it needs expires meanwhile', () => {
    const seconds = onOneWay().flatMap(([, { Retry = [], Resource }]) =>
      // What finds no room has not run, or a second; every other try may take as long as its function may.
      Retry.map((retrier) => {
        const room = ['NoPlaceError', 'Lambda.TooManyRequestsException'].some((name) =>
          retrier.ErrorEquals.includes(name),
        );
        if (room) return waitsOf(retrier).longest + retrier.MaxAttempts;
        const runs = retrier.MaxAttempts + 1;
        return waitsOf(retrier).longest + runs * timeouts.get(Resource!)!;
      }),
    );
    expect(seconds.reduce((sum, one) => sum + one)).toBeLessThan(machine.TimeoutSeconds);
    const [media] = Object.entries(template.findResources('AWS::S3::Bucket')).filter(([id]) => id.includes('Media'));
    const rules = media![1]['Properties'].LifecycleConfiguration.Rules as {
      Prefix?: string;
      ExpirationInDays?: number;
    }[];
    const work = rules.find(({ Prefix }) => Prefix === 'work/');
    expect(work!.ExpirationInDays! * DAY).toBeGreaterThan(machine.TimeoutSeconds);
  });

  it('stay below the 25,000 events Step Functions keeps of a run', () => {
    const events = (tasks: ReturnType<typeof tasksOf>) =>
      3 * tasks.flatMap(([, { Retry = [] }]) => Retry.map(({ MaxAttempts }) => MaxAttempts)).reduce((a, b) => a + b);
    const stretches = stretchesOf(2 ** 40).length * (events(tasksOf(machine).filter(([task]) => task === STRETCH)) + 5);
    expect(stretches).toBeLessThan(1500);
    expect(events(onOneWay()) + stretches).toBeLessThan(24_900);
    // Few tasks, each tried in the run's own history, and then again as many.
    const few = tasksOf(machine).filter(([task]) => task === 'Encode one of few');
    const most = machine.States['Planned?']!.Choices![0]!.And![1]!.NumericLessThanEquals!;
    const inParts = onOneWay().filter(([task]) => task !== 'Encode whole');
    expect(events(inParts) + most * (events(few) + 10)).toBeLessThan(24_000);
  });

  it("of S3's event and of the first step are over before the record of a source would expire", () => {
    const [rule] = Object.values(
      template.findResources('AWS::Events::Rule', {
        Properties: { EventPattern: Match.objectLike({ source: ['aws.s3'] }) },
      }),
    );
    const { MaximumEventAgeInSeconds, MaximumRetryAttempts } = rule!['Properties'].Targets[0].RetryPolicy;
    // The most that EventBridge takes.
    expect([MaximumEventAgeInSeconds, MaximumRetryAttempts]).toEqual([DAY, 185]);
    const [probe] = tasksOf(machine);
    const room = probe![1].Retry!.find(({ ErrorEquals }) => ErrorEquals.includes('Lambda.TooManyRequestsException'))!;
    expect(MaximumEventAgeInSeconds + waitsOf(room).longest).toBeLessThan(ARRIVAL_SECONDS);
  });
});

/** Reproducible, from 0 up to 1 (mulberry32). */
function seeded(seed: number): () => number {
  let a = seed;
  return () => {
    a = (a + 0x6d2b79f5) | 0;
    let t = Math.imul(a ^ (a >>> 15), 1 | a);
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t;
    return ((t ^ (t >>> 14)) >>> 0) / 2 ** 32;
  };
}
const named = (name: string) => Object.assign(new Error(name), { name });

describe('a backlog', () => {
  it('of 1,000 videos of a quarter of an hour each, in an account of ten, is slow and none of it fails', async () => {
    const videos = 1000;
    const clock = new VirtualClock();
    const random = seeded(12);
    const holding = new Set<string>();
    let [running, encoding, mostEncoding] = [0, 0, 0];
    const invoke = async (resource: string, input: unknown): Promise<unknown> => {
      if (running >= 10) throw named('Lambda.TooManyRequestsException');
      running += 1;
      try {
        if (resource.startsWith('SlicingProbe')) {
          const { execution } = input as { execution: string };
          await clock.sleep(0.2);
          if (!holding.has(execution) && holding.size >= places) throw named('NoPlaceError');
          holding.add(execution);
          await clock.sleep(2);
          return { outcome: 'planned', plan: { execution, timescale: null }, chunks: [{ index: 0 }] };
        }
        const { execution } = (input as { plan: { execution: string } }).plan;
        if (resource.startsWith('SlicingEncode')) {
          mostEncoding = Math.max(mostEncoding, ++encoding);
          await clock.sleep(longestTask);
          encoding -= 1;
        } else holding.delete(execution);
        return {};
      } finally {
        running -= 1;
      }
    };
    const runs = Array.from({ length: videos }, (_, i) => execute(machine, `run-${i}`, {}, { clock, invoke, random }));
    const ended = await clock.run(runs);
    expect(ended.filter(({ state }) => state !== 'Done')).toEqual([]);
    expect(mostEncoding).toBe(places);
    expect(places).toBe(3);
    expect(clock.now).toBeGreaterThan((videos / places) * longestTask);
    // Places stood empty for a tenth of the time at most.
    expect(clock.now).toBeLessThan(1.1 * (videos / places) * longestTask);
  }, 300_000);

  it('of films in an account of 1,000: one alone has a function for each chunk, many share them, and none fails', async () => {
    const { stack, config, storage } = stageScope({ 'concurrency.account': 1000 });
    const ffmpegLayer = new LayerVersion(stack, 'Ffmpeg', { code: Code.fromAsset(import.meta.dirname) });
    new Slicing(stack, 'Slicing', { config, storage, ffmpegLayer });
    const large = Template.fromStack(stack);
    const reserved = (name: string): number =>
      Object.entries(large.findResources('AWS::Lambda::Function')).find(([id]) => id.startsWith(name))![1]['Properties']
        .ReservedConcurrentExecutions;
    const [copies, functions] = [reserved('SlicingCopy'), reserved('SlicingChunk')];
    const [chunkSeconds, chunkCount] = [15, 480];

    const slice = async (films: number) => {
      const clock = new VirtualClock();
      const random = seeded(7);
      let [running, most, under] = [0, 0, 0];
      const invoke = async (resource: string): Promise<unknown> => {
        if (resource.startsWith('SlicingProbe')) {
          await clock.sleep(1 + random());
          const chunks = Array.from({ length: chunkCount }, (_, index) => ({ index }));
          const atATime = shareOf(copies + functions, under++);
          return { outcome: 'planned', plan: { timescale: 30, chunkCount }, chunks, atATime };
        }
        if (!resource.startsWith('SlicingChunk')) return {};
        if (running >= functions) throw named('Lambda.TooManyRequestsException');
        most = Math.max(most, ++running);
        await clock.sleep(chunkSeconds * (0.9 + 0.2 * random()));
        running -= 1;
        return {};
      };
      const runs = Array.from({ length: films }, (_, i) =>
        execute(machineOf(large), `run-${i}`, {}, { clock, invoke, random }).finally(() => (under -= 1)),
      );
      const ended = await clock.run(runs);
      expect(ended.filter(({ state }) => state !== 'Done')).toEqual([]);
      return { most, seconds: clock.now };
    };
    const alone = await slice(1);
    expect(alone.most).toBe(chunkCount);
    // One wave.
    expect(alone.seconds).toBeLessThan(2 * chunkSeconds);
    const films = 20;
    const together = await slice(films);
    expect(together.most).toBe(functions);
    // Functions stood idle for a third of the time at most, while throttled tasks waited.
    expect(together.seconds).toBeLessThan((1.5 * films * chunkCount * chunkSeconds) / functions);
  }, 300_000);

  it.each(
    [2, 9].flatMap((count) =>
      ['Lambda.TooManyRequestsException', 'ThrottledError', 'TransientError'].map((name) => [count, name] as const),
    ),
  )(
    'of one video of %i tasks that %s hits at every step for ten minutes each is ready in the end',
    async (chunkCount, name) => {
      const clock = new VirtualClock();
      const since = new Map<string, number>();
      const invoke = async (resource: string): Promise<unknown> => {
        if (!since.has(resource)) since.set(resource, clock.now);
        if (clock.now - since.get(resource)! < 600) throw named(name);
        return { outcome: 'planned', plan: { timescale: 30, chunkCount }, chunks: [{ copy: true }, {}] };
      };
      const [ended] = await clock.run([execute(machine, 'run', {}, { clock, invoke, random: seeded(3) })]);
      expect(ended).toMatchObject({ status: 'SUCCEEDED', state: 'Done' });
    },
  );

  it('a task that always fails, among few or many, fails the video and says where; the others are done', async () => {
    for (const chunkCount of [2, 9]) {
      const clock = new VirtualClock();
      const failed: unknown[] = [];
      const invoke = async (resource: string, input: unknown): Promise<unknown> => {
        const { plan, chunk } = input as { plan?: { execution: string }; chunk?: { start: number; duration: number } };
        if (resource.startsWith('SlicingProbe')) {
          const chunks = [0, 1].map((index) => ({ index, start: index * 18, duration: 18 }));
          return { outcome: 'planned', plan: { timescale: 30, chunkCount, execution: 'run', source: {} }, chunks };
        }
        if (resource.startsWith('SlicingFail')) failed.push({ plan, chunk });
        else if (chunk?.start === 18) throw named('TypeError');
        return {};
      };
      const [ended] = await clock.run([execute(machine, 'run', {}, { clock, invoke, random: seeded(3) })]);
      expect(ended).toMatchObject({ status: 'FAILED', state: 'Broken' });
      expect(failed[0]).toMatchObject({ chunk: { start: 18, duration: 18 } });
    }
  });

  it('that even marking as failed is throttled says so in the end', async () => {
    const clock = new VirtualClock();
    let marked = false;
    const invoke = async (resource: string): Promise<unknown> => {
      if (!resource.startsWith('SlicingFail')) throw named('TypeError');
      if (clock.now < 6 * HOUR) throw named('Lambda.TooManyRequestsException');
      marked = true;
      return {};
    };
    const [ended] = await clock.run([execute(machine, 'run', {}, { clock, invoke, random: seeded(5) })]);
    expect(ended).toMatchObject({ status: 'FAILED', state: 'Broken' });
    expect(marked).toBe(true);
  });

  it.each(['Sandbox.Timedout', 'Lambda.Unknown'])('%s is tried twice more, and no more', async (name) => {
    const clock = new VirtualClock();
    let tries = 0;
    const invoke = async (resource: string): Promise<unknown> => {
      if (!resource.startsWith('SlicingProbe')) return {};
      tries += 1;
      throw named(name);
    };
    await clock.run([execute(machine, 'run', {}, { clock, invoke, random: seeded(5) })]);
    expect(tries).toBe(3);
  });
});
