/**
 * Throws planted in the program as it is shipped, in a process of its own: where a connection's own fault is, that connection ends
 * and the others go on; where nobody catches, the task hands its devices over and ends with 1.
 */
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { h264Picture } from '../streams.ts';
import { Cloud, until, type ChildTask } from './cloud.ts';
import { TestCamera, TestDevice, locationAt } from './device.ts';
import { FAULTY } from './planted.ts';
import { bytes, JPEG, raise, Uploader } from './uploader.ts';

const PLANT = fileURLToPath(new URL('plant.ts', import.meta.url));
const SHORT = { drainSeconds: 10 };

let cloud: Cloud;
let task: ChildTask;
let good: TestDevice;
let goodCamera: TestCamera;
const GOOD = '13790000100';

const pictures = (count: number, size = 400) =>
  Array.from({ length: count }, (_, i) => h264Picture(i % 10 === 0, size, i + 1));

async function streaming(of: ChildTask, id: string, size?: number): Promise<readonly [TestDevice, TestCamera]> {
  await cloud.register(id, [{ live: 'always' }]);
  const device = await new TestDevice(id, of.ports.control).login();
  await device.wait('startLive');
  const camera = new TestCamera(id, of.ports.media);
  await camera.send(pictures(15, size));
  return [device, camera];
}

beforeAll(async () => {
  cloud = await Cloud.start();
  task = await cloud.child(['--import', PLANT], SHORT);
  [good, goodCamera] = await streaming(task, GOOD);
});
afterAll(() => cloud.close());

/** Streams that the task receives. */
async function received(): Promise<number> {
  const answer = await fetch(`http://127.0.0.1:${task.ports.health}/health`);
  return ((await answer.json()) as { streams: number }).streams;
}

/** Others go on: their connections are as they were, answered, and published. */
async function othersGoOn(): Promise<void> {
  expect([good.isClosed, goodCamera.isClosed, task.process.exitCode]).toEqual([false, false, null]);
  expect(await good.replyTo(good.send('location', locationAt(Date.now())))).toBe(0);
  await goodCamera.send(pictures(10));
}

describe("a connection's own fault ends that connection and no other", () => {
  it('in the handling of what it says', async () => {
    await cloud.register(FAULTY.message, []);
    const device = await new TestDevice(FAULTY.message, task.ports.control).login();
    device.send('location', locationAt(Date.now()));
    await device.closed;
    await othersGoOn();
  });

  it('in what is done for it once a second', async () => {
    await cloud.register(FAULTY.timer, []);
    const device = await new TestDevice(FAULTY.timer, task.ports.control).login();
    await device.closed;
    await othersGoOn();
  });

  it('in what follows the look-up of its device', async () => {
    await cloud.register(FAULTY.promise, []);
    const device = new TestDevice(FAULTY.promise, task.ports.control);
    device.send('authenticate', { authCode: 'x' });
    await device.closed;
    await othersGoOn();
  });

  it('in what its device answers to a command', async () => {
    const id = '13790000101';
    await cloud.register(id, [{ live: 'always' }]);
    const device = new TestDevice(id, task.ports.control);
    device.result = FAULTY.result;
    await device.login();
    await device.closed;
    await othersGoOn();
  });

  it.each([
    ['in its pictures', FAULTY.picture],
    ['in what is done for its stream once a second', FAULTY.streamTimer],
  ])('%s', async (_, id) => {
    const [device, camera] = await streaming(task, id);
    await camera.closed;
    await device.close();
    await othersGoOn();
  });

  it.each([
    ['as it ends', FAULTY.end, 400, 'planted in detach'],
    ['as what it had sent is published at its end', FAULTY.segment, 30_000, 'planted in end'],
  ])('%s', async (_, id, size, fault) => {
    const before = await received();
    const [device, camera] = await streaming(task, id, size);
    await until('its pictures being received', received, (streams) => streams > before);
    await camera.close();
    await until(
      'the fault',
      () => task.log.filter((line) => line.includes(fault)),
      (lines) => lines.length > 0,
    );
    await device.close();
    await othersGoOn();
  });

  it('in a file it sends', async () => {
    const id = '13790000102';
    await cloud.register(id, []);
    const device = await new TestDevice(id, task.ports.control).login();
    const { sign, asked } = await raise(device, 'jiangsu', 1, 1);
    const up = new Uploader(id, task.ports.attachments);
    const file = { name: `${FAULTY.file}.jpg`, type: 0, data: bytes(3000, JPEG, 1) };
    expect(await up.list(sign, asked.alarmNo, [file])).toBe(0);
    await up.begin(file);
    up.range(file, 0, 3000);
    up.send('attachmentEnd', { name: file.name, type: 0, size: 3000 });
    await up.closed;
    expect(device.isClosed).toBe(false);
    await othersGoOn();
  });
});

describe('a fault that nobody catches', () => {
  it.each([
    ['SIGUSR2', 'uncaught'],
    ['SIGPWR', 'unhandled'],
  ] as const)('ends the task: it says so, hands its devices over, and exits with 1 (%s)', async (signal, kind) => {
    const own = await cloud.child(['--import', PLANT], SHORT);
    const id = signal === 'SIGUSR2' ? '13790000103' : '13790000104';
    const [device, camera] = await streaming(own, id);
    await camera.send(pictures(30));
    await until(
      'a segment',
      () => cloud.playlist(id, 1),
      (text) => text.includes('.m4s'),
    );
    const segments = async () => (await cloud.playlist(id, 1)).split('.m4s').length;
    const before = await segments();
    const ended = new Promise<number | null>((resolve) => own.process.once('exit', (code) => resolve(code)));
    const began = performance.now();
    own.process.kill(signal);
    await until(
      'that it says so',
      () => own.log.filter((line) => line.includes(`"message":"${kind}"`)),
      (lines) => lines.length > 0,
    );
    // Another one meanwhile gains it no time.
    const again = setInterval(() => own.process.kill(signal), 200);
    expect(await ended).toBe(1);
    clearInterval(again);
    expect(performance.now() - began).toBeLessThan((SHORT.drainSeconds + 10) * 1000);
    // Of its end, of what it said last and of its connections this process is told on ways of their own.
    await Promise.all([device.closed, camera.closed]);
    await until(
      'that it was drained',
      () => own.log.filter((line) => line.includes('"message":"drained"')),
      (lines) => lines.length > 0,
    );
    expect(await cloud.record(id)).toMatchObject({ online: false });
    // What had arrived is published.
    expect(await segments()).toBeGreaterThan(before);
  });
});
