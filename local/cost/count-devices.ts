/** What devices and their streams call, by the hour, and what is done with them. */
import { setTimeout as sleep } from 'node:timers/promises';
import type { Client } from '../client.ts';
import { startDevices } from '../device/simulator.ts';
import type { LocalStack } from '../stack.ts';
import { plus, times, type Calls } from './calls.ts';
import type { Action } from './counted.ts';
import { less, type Counter } from './counter.ts';

export type DeviceActions = Readonly<
  Record<Extract<Action, 'deviceHour' | 'streamHour' | 'livePlay' | 'alarm' | 'clip'>, Calls>
>;

const ID = '13900000077';
/** Whole periods of what comes each 30 and 60 s. */
const WINDOW_SECONDS = 120;
const AN_HOUR = 3600 / WINDOW_SECONDS;
/** For what a connection or a stream calls at its beginning. */
const SETTLED_MS = 15_000;
/** Until an alarm's files are there, and its video is sliced. */
const ALARM_SECONDS = 45;
const CLIP_SECONDS = 6;

export async function countDevices(
  { ingest, ffmpegFolder }: LocalStack,
  ada: Client,
  counter: Counter,
  log: (line: string) => void,
): Promise<DeviceActions> {
  if (ingest === undefined) throw new Error('the configuration has no live part');
  const window = (seconds = WINDOW_SECONDS) => counter.during(() => sleep(seconds * 1000));
  log(`counting a task without devices, ${WINDOW_SECONDS} s`);
  const idle = await window();
  const channels = (live: string) => [{ number: 1, name: 'Road', live }];
  await ada.call('POST /api/devices', { body: { id: ID, name: 'Counted', channels: channels('on-demand') } });
  const { host, control } = ingest;
  const simulation = await startDevices({ host, control, firstId: ID, ffmpegFolder });
  try {
    const device = simulation.devices[0]!;
    await until('the device is online', () => Promise.resolve(device.online));
    await sleep(SETTLED_MS);
    log(`counting a device, ${WINDOW_SECONDS} s`);
    const online = await window();
    await ada.call('PATCH /api/devices/{id}', { params: { id: ID }, body: { channels: channels('always') } });
    await until('it streams', () => Promise.resolve(device.live.includes(1)));
    await sleep(SETTLED_MS);
    log(`counting its stream, ${WINDOW_SECONDS} s`);
    const began = Date.now();
    const streaming = await window();

    const livePlay = await counter.least(async () => {
      const answer = await ada.fetch('GET', `/api/play/live/${ID}/1/main.m3u8?session=counted-live-viewer`);
      if (!answer.ok) throw new Error(`the live manifest was answered with ${answer.status}: ${await answer.text()}`);
    });
    const meanwhile = (seconds: number) => times(streaming, seconds / WINDOW_SECONDS);
    log('counting an alarm and a clip');
    const alarmed = await counter.during(async () => {
      if (!device.alarm('fatigue')) throw new Error('the device raised no alarm');
      await sleep(ALARM_SECONDS * 1000);
    });
    const from = new Date(began + 20_000).toISOString();
    const to = new Date(began + (20 + CLIP_SECONDS) * 1000).toISOString();
    let id = '';
    const asked = await counter.during(async () => {
      ({ id } = await ada.call('POST /api/devices/{id}/clips', {
        params: { id: ID },
        body: { channel: 1, from, to, title: 'Counted' },
      }));
    });
    const since = Date.now();
    const made = await counter.untilReady(ada, id);
    const clip = less(made, meanwhile((Date.now() - since) / 1000));
    return {
      deviceHour: times(less(online, idle), AN_HOUR),
      streamHour: times(less(streaming, online), AN_HOUR),
      livePlay,
      alarm: rounded(less(alarmed, meanwhile(ALARM_SECONDS))),
      // SQS's client follows the queue's own address, past what counts here: a clip is one message.
      clip: { ...rounded(plus(asked, clip)), messages: 1 },
    };
  } finally {
    await simulation.close();
  }
}

/** Of what goes on meanwhile a part of a call was taken away. */
const rounded = (calls: Calls): Calls =>
  Object.fromEntries(
    Object.entries(calls).map(([name, value]) => [name, Math.round(value as number)]),
  ) as unknown as Calls;

async function until(what: string, is: () => Promise<boolean>, seconds = 60): Promise<void> {
  for (const deadline = Date.now() + seconds * 1000; Date.now() < deadline;) {
    if (await is()) return;
    await sleep(200);
  }
  throw new Error(`not within ${seconds} s: ${what}`);
}
