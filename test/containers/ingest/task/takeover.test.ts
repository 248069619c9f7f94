/** A stream outlives its task, its writer and a slow bucket. */
import { ListQueuesCommand } from '@aws-sdk/client-sqs';
import { createServer, request, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { connectAws } from '../../../../containers/ingest/src/cloud/aws.ts';
import { Fence } from '../../../../containers/ingest/src/streams/fence.ts';
import { ObjectStore } from '../../../../containers/ingest/src/cloud/object-store.ts';
import { readLivePlaylist, type LivePlaylist } from '../../../../lib/contract/live-playlist.ts';
import { livePlaylistKey, parseSegment } from '../../../../lib/contract/live-keys.ts';
import { tracks } from '../hls/read.ts';
import { decodeErrors, encodedVideo, lacks } from '../streams.ts';
import { Cloud, until } from './cloud.ts';
import { TestCamera, TestDevice } from './device.ts';
import { ecsAgent } from './ecs.ts';

const missing = lacks('libx264', 'h264');

let cloud: Cloud;
let pictures: Buffer[];

const stateOf = async (id: string): Promise<LivePlaylist | undefined> => readLivePlaylist(await cloud.playlist(id, 1));

/** A viewer: asks all the time, and keeps every playlist it got. */
function viewer(id: string) {
  const seen: LivePlaylist[] = [];
  let on = true;
  const work = (async () => {
    while (on) {
      const state = await stateOf(id);
      if (state !== undefined) seen.push(state);
      await new Promise((resolve) => setTimeout(resolve, 40));
    }
  })();
  return {
    seen,
    stop: async () => {
      on = false;
      await work;
    },
  };
}

/** RFC 8216bis 6.2.2: numbers only grow, and a segment keeps its own. */
function expectContinuous(seen: readonly LivePlaylist[]): void {
  const numbers = new Map<number, string>();
  let before: LivePlaylist | undefined;
  for (const state of seen) {
    if (before !== undefined) {
      expect(state.mediaSequence).toBeGreaterThanOrEqual(before.mediaSequence);
      expect(state.discontinuitySequence).toBeGreaterThanOrEqual(before.discontinuitySequence);
      expect(state.mediaSequence + state.entries.length).toBeGreaterThanOrEqual(
        before.mediaSequence + before.entries.length,
      );
    }
    before = state;
    for (const [i, { uri }] of state.entries.entries()) {
      const number = state.mediaSequence + i;
      expect(numbers.get(number) ?? uri).toBe(uri);
      numbers.set(number, uri);
    }
  }
}

async function filesOf(id: string, state: LivePlaylist): Promise<Buffer[]> {
  const files = state.entries.filter(({ gap }) => !gap).map(({ uri }) => cloud.object(`live/${id}/1/${uri}`));
  return (await Promise.all(files)).map(({ body }) => body);
}
const picturesIn = (files: readonly Buffer[]): number =>
  files.reduce((sum, file) => sum + tracks(file).get(1)!.samples.length, 0);

beforeAll(async () => {
  cloud = await Cloud.start();
  if (missing === '') pictures = encodedVideo('h264', 30);
});
afterAll(() => cloud.close());

describe.skipIf(missing !== '')(`a stream${missing}`, { concurrent: true }, () => {
  it('goes on at another task after kill -9, for a viewer who never looks away', async () => {
    const id = '13800002001';
    await cloud.register(id, [{ live: 'always' }]);
    const [first, second] = await Promise.all([cloud.child(), cloud.child()]);
    const device = await new TestDevice(id, first.ports.control).login();
    await device.wait('startLive');
    const watching = viewer(id);
    const camera = new TestCamera(id, first.ports.media);
    // The last five are in the open segment.
    await camera.send(pictures.slice(0, 65));
    await until(
      'three segments',
      () => stateOf(id),
      (state) => state?.entries.length === 3,
    );
    first.process.kill('SIGKILL');
    await Promise.all([device.closed, camera.closed]);
    const again = await new TestDevice(id, second.ports.control).login();
    await again.wait('startLive');
    const cameraAgain = new TestCamera(id, second.ports.media);
    await cameraAgain.send(pictures.slice(70, 130), { from: camera.clock + 500 });
    await cameraAgain.close();
    const state = (await until(
      'six segments',
      () => stateOf(id),
      (now) => now?.entries.length === 6,
    ))!;
    await watching.stop();
    expectContinuous(watching.seen);
    expect(
      state.entries.map(({ uri, discontinuity }) => [
        parseSegment(uri)!.epoch,
        parseSegment(uri)!.sequence,
        discontinuity,
      ]),
    ).toEqual([
      [1, 0, false],
      [1, 1, false],
      [1, 2, false],
      [2, 3, true],
      [2, 4, false],
      [2, 5, false],
    ]);
    // All but the open segment of the task that was killed.
    expect(picturesIn(await filesOf(id, state))).toBe(60 + 60);
    expect((await cloud.record(id)).task).toBe(second.id);
    await again.close();
  });

  it('is handed over by a task that drains: nothing is lost, and nothing of the task stays', async () => {
    const id = '13800002002';
    await cloud.register(id, [{ live: 'always' }]);
    const task = await cloud.child();
    const next = await cloud.task();
    const idle = await Promise.all(
      Array.from({ length: 5 }, async (_, n) => {
        await cloud.register(`1380000210${n}`);
        return new TestDevice(`1380000210${n}`, task.ports.control).login();
      }),
    );
    const device = await new TestDevice(id, task.ports.control).login();
    const camera = new TestCamera(id, task.ports.media);
    await camera.send(pictures.slice(0, 47));
    await until(
      'two segments',
      () => stateOf(id),
      (state) => state?.entries.length === 2,
    );
    expect((await fetch(`http://127.0.0.1:${task.ports.health}/health`)).status).toBe(200);
    const ended = new Promise((resolve) => task.process.once('exit', resolve));
    task.process.kill('SIGTERM');
    await until(
      'unhealthy or gone',
      () =>
        fetch(`http://127.0.0.1:${task.ports.health}/health`).then(
          ({ status }) => status,
          () => 0,
        ),
      (status) => status !== 200,
    );
    await Promise.all([camera.closed, device.closed, ...idle.map(({ closed }) => closed)]);
    expect(await ended).toBe(0);
    // One after another, not all at once: by its own account, for this process may hear of some together.
    const [, milliseconds] = await until(
      'that it was drained',
      () => /"message":"drained".*"milliseconds":(\d+)/.exec(task.log.join('\n')) ?? [],
      (found) => found.length > 0,
    );
    expect(Number(milliseconds)).toBeGreaterThanOrEqual(245);
    const state = (await stateOf(id))!;
    expect(picturesIn(await filesOf(id, state))).toBe(47);
    expect(await cloud.record(id)).toMatchObject({ online: false, streams: { 1: { state: 'starting' } } });
    expect((await cloud.fleet('task')).map((row) => row['id'])).not.toContain(task.id);
    const { QueueUrls = [] } = await cloud.sqs.send(new ListQueuesCommand({}));
    expect(QueueUrls.filter((url) => url.includes(task.id))).toEqual([]);

    const cameraAgain = new TestCamera(id, next.ports.media);
    await cameraAgain.send(pictures.slice(50, 80), { from: camera.clock + 300 });
    await cameraAgain.close();
    const after = (await until(
      'more',
      () => stateOf(id),
      (now) => (now?.entries.length ?? 0) >= 5,
    ))!;
    expect(after.entries.map(({ discontinuity }) => discontinuity)).toEqual([false, false, false, true, false]);
    expectContinuous([state, after]);
  });

  it('keeps its task from being scaled in, until a deploy puts another in its place', async () => {
    const id = '13800002010';
    await cloud.register(id, [{ live: 'always' }]);
    const [agent, younger] = await Promise.all([ecsAgent('7'), ecsAgent('8')]);
    const on = ({ url }: typeof agent) => ({ ECS_AGENT_URI: url, ECS_CONTAINER_METADATA_URI_V4: url });
    const task = await cloud.task({}, connectAws('us-east-1'), on(agent));
    const asked = (count: number) =>
      until(
        `${count} requests`,
        () => agent.asked.map(({ ProtectionEnabled }) => ProtectionEnabled),
        (all) => all.length === count,
      );
    const file = new TestDevice(id, task.ports.attachments);
    expect(await asked(1)).toEqual([true]);
    await file.close();
    expect(await asked(2)).toEqual([true, false]);
    const camera = new TestCamera(id, task.ports.media);
    await camera.send(pictures.slice(0, 20));
    expect(await asked(3)).toEqual([true, false, true]);
    await cloud.task({}, connectAws('us-east-1'), on(younger));
    expect(await asked(4)).toEqual([true, false, true, false]);
    expect(camera.isClosed).toBe(false);
    await camera.close();
    agent.close();
    younger.close();
  });

  it('has one writer: who has lost it never writes again', async () => {
    const id = '13800002003';
    await cloud.register(id, [{ live: 'always' }]);
    const task = await cloud.task();
    const camera = new TestCamera(id, task.ports.media);
    await camera.send(pictures.slice(0, 45));
    await until(
      'two segments',
      () => stateOf(id),
      (state) => state?.entries.length === 2,
    );
    const { store } = task.ingest.services.aws;
    const fence = new Fence({
      store,
      bucket: process.env['MEDIA_BUCKET']!,
      key: livePlaylistKey(id, 1),
      retentionTag: 'retention=7',
      targetMs: 2000,
      staleMs: 60_000,
    });
    const state = await fence.claim();
    expect([fence.epoch, state.entries.length]).toEqual([2, 2]);
    const taken = await cloud.playlist(id, 1);
    await camera.send(pictures.slice(45, 90));
    await camera.closed;
    expect(task.ingest.services.metrics.counts.fencesLost).toBe(1);
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(await cloud.playlist(id, 1)).toBe(taken);
    expect((await cloud.object(livePlaylistKey(id, 1))).metadata['epoch']).toBe('2');
    // The device itself takes it back by coming again.
    const again = new TestCamera(id, task.ports.media);
    await again.send(pictures.slice(90, 130), { from: camera.clock + 1000 });
    await again.close();
    const after = (await until(
      'two more',
      () => stateOf(id),
      (now) => now?.entries.length === 4,
    ))!;
    expect(after.entries.map(({ uri }) => parseSegment(uri)!.epoch)).toEqual([1, 1, 3, 3]);
    expectContinuous([readLivePlaylist(taken)!, after]);
  });

  it('drops its oldest segments while the bucket is slow, says so, and takes no more memory', async () => {
    const id = '13800002004';
    await cloud.register(id, [{ live: 'always' }]);
    const proxy = await SlowBucket.start();
    const aws = connectAws('us-east-1');
    const store = new ObjectStore({
      region: 'us-east-1',
      credentials: () => Promise.resolve({ accessKeyId: 'test', secretAccessKey: 'test' }),
      endpoint: proxy.endpoint,
      // What is held back is only late, however long this machine takes.
      timeoutMs: 30_000,
    });
    const limit = 200_000;
    // By itself a stream may hold all that comes; what two may hold together is less.
    const limits = { bufferBytes: 2 * limit };
    const task = await cloud.task({ limits }, { ...aws, store });
    const neighbour = '13800002014';
    await cloud.register(neighbour, [{ live: 'always' }]);
    const beside = new TestCamera(neighbour, task.ports.media);
    await beside.send(pictures.slice(0, 10));
    await until(
      'a neighbour',
      () => task.ingest.streams.get(neighbour, 1)?.connected,
      (connected) => connected === true,
    );
    const camera = new TestCamera(id, task.ports.media);
    await camera.send(pictures.slice(0, 45));
    await until(
      'two segments',
      () => stateOf(id),
      (state) => state?.entries.length === 2,
    );
    proxy.stuck = true;
    const { metrics } = task.ingest.services;
    const stream = task.ingest.streams.get(id, 1)!;
    let most = 0;
    for (let at = 45; at < 285; at += 10) {
      await camera.send(pictures.slice(at, at + 10));
      await new Promise((resolve) => setTimeout(resolve, 30));
      most = Math.max(most, stream.bytes);
    }
    // Its share and one open segment.
    expect(most).toBeLessThan(1.6 * limit);
    const dropped = metrics.counts.droppedSegments;
    expect(dropped).toBeGreaterThan(4);
    proxy.stuck = false;
    await Promise.all([camera.close(), beside.close()]);
    const state = (await until(
      'the rest',
      () => stateOf(id),
      (now) => (now?.entries.length ?? 0) >= 15,
    ))!;
    const gaps = state.entries.filter(({ gap }) => gap);
    expect(gaps.length).toBe(metrics.counts.droppedSegments);
    const lastGap = state.entries.findLastIndex(({ gap }) => gap);
    // The oldest were dropped, the newest are here, and a discontinuity stands between.
    expect(lastGap).toBeLessThan(state.entries.length - 1);
    expect(state.entries.slice(0, 2).map(({ gap }) => gap)).toEqual([false, false]);
    expect(state.entries[lastGap + 1]!.discontinuity).toBe(true);
    expect(state.entries.reduce((sum, { duration }) => sum + duration, 0)).toBe(28_500);
    const files = await filesOf(id, state);
    const { body } = await cloud.object(`live/${id}/1/${state.entries[0]!.map}`);
    expect(decodeErrors(Buffer.concat([body, ...files]))).toBe('');
    await proxy.close();
  }, 60_000);
});

/** Stands before the engine and holds requests back. */
class SlowBucket {
  readonly #server: Server;
  readonly #held: (() => void)[] = [];
  #stuck = false;

  private constructor(target: URL) {
    this.#server = createServer((from, to) => {
      const pass = () => {
        const { hostname, port } = target;
        const onward = request(
          { hostname, port, method: from.method, path: from.url, headers: from.headers },
          (answer) => {
            to.writeHead(answer.statusCode ?? 500, answer.headers);
            answer.pipe(to);
          },
        );
        onward.on('error', () => to.destroy());
        from.pipe(onward);
      };
      from.on('error', () => {});
      if (this.#stuck) this.#held.push(pass);
      else pass();
    });
  }

  static async start(): Promise<SlowBucket> {
    const slow = new SlowBucket(new URL(process.env['AWS_ENDPOINT_URL']!));
    await new Promise<void>((resolve) => slow.#server.listen(0, '127.0.0.1', resolve));
    return slow;
  }

  get endpoint(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  set stuck(stuck: boolean) {
    this.#stuck = stuck;
    if (!stuck) for (const pass of this.#held.splice(0)) pass();
  }

  close(): Promise<void> {
    this.#server.closeAllConnections();
    return new Promise((resolve) => this.#server.close(() => resolve()));
  }
}
