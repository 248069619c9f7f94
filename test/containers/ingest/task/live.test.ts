/** Pictures over real sockets into the real bucket, and what a viewer finds there. */
import * as HLS from 'hls-parser';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseSegment } from '../../../../lib/contract/live-keys.ts';
import { readLivePlaylist } from '../../../../lib/contract/live-playlist.ts';
import { findNals } from '../../../../containers/ingest/src/media/annexb.ts';
import { nalsOf, tracks } from '../hls/read.ts';
import { alarmNumber } from '../../../../containers/ingest/src/sessions/alarms/detect.ts';
import { makeSign } from '../../../../containers/ingest/src/jt808/subiao/sign.ts';
import { decodeErrors, encodedVideo, lacks } from '../streams.ts';
import { Cloud, until, type OwnTask } from './cloud.ts';
import { TestCamera, TestDevice } from './device.ts';

const missing = lacks('libx264', 'h264');

let cloud: Cloud;
let task: OwnTask;
let pictures: Buffer[];

/** What the channel's playlist lists, with the files behind it; each must decode. */
async function watch(device: string, channel = 1) {
  const text = await cloud.playlist(device, channel);
  const state = readLivePlaylist(text)!;
  const prefix = `live/${device}/${channel}/`;
  const entries = await Promise.all(
    state.entries.map(async (entry) => {
      const init = entry.gap ? undefined : await cloud.object(prefix + entry.map);
      const file = entry.gap ? undefined : (await cloud.object(prefix + entry.uri)).body;
      return { ...entry, init, file, name: parseSegment(entry.uri)! };
    }),
  );
  return { text, state, entries };
}
type Watched = Awaited<ReturnType<typeof watch>>;

/** NAL units of all listed segments, in order. */
const publishedNals = ({ entries }: Watched): string[] =>
  entries.flatMap(({ file }) =>
    file === undefined
      ? []
      : [...tracks(file).get(1)!.samples].flatMap(({ bytes }) =>
          [...nalsOf(bytes)].map((nal) => nal.toString('base64')),
        ),
  );
const sentNals = (sent: readonly Buffer[]): string[] =>
  sent.flatMap((picture) =>
    findNals(picture)!.map(({ start, end }) => picture.subarray(start, end).toString('base64')),
  );

const isLive = (id: string) =>
  until(
    `${id} live`,
    () => cloud.record(id),
    ({ streams }) => streams['1']?.state === 'live',
  );
const listed = (id: string, count: number, ms?: number) =>
  until(
    'segments',
    () => watchText(id),
    (state) => (state?.entries.length ?? 0) >= count,
    ms,
  );
const watchText = async (id: string) => readLivePlaylist(await cloud.playlist(id, 1));

/** What keeps the channels of a device that is connected there: told to, it reads its settings and who watches at once. */
const keeperOf = ({ ingest }: OwnTask, id: string) => ingest.sessions.get(id)!.device!.keeper;

beforeAll(async () => {
  cloud = await Cloud.start();
  task = await cloud.task();
  if (missing === '') pictures = encodedVideo('h264', 10);
});
afterAll(() => cloud.close());

describe.skipIf(missing !== '')(`a stream${missing}`, { concurrent: true }, () => {
  it('that is encrypted lies in the bucket encrypted, opens by the keys its playlist names, and is what was sent', async () => {
    const id = '13800001077';
    const own = await cloud.task({ encryption: 'aes-128' });
    await cloud.register(id, [{ live: 'always', stream: 'sub' }]);
    const device = await new TestDevice(id, own.ports.control).login();
    await device.wait('startLive');
    const camera = new TestCamera(id, own.ports.media);
    await camera.send(pictures);
    await isLive(id);
    await camera.close();
    await listed(id, 5);
    const { text, entries } = await watch(id);
    const { segments } = HLS.parse(text) as HLS.types.MediaPlaylist;
    const files = await Promise.all(
      segments.map(async ({ key }, i) => {
        expect(key?.method).toBe('AES-128');
        const { body } = await cloud.object(`live/${id}/1/${key!.uri!.replace('?{$auth}', '')}`);
        const secret = await crypto.subtle.importKey('raw', new Uint8Array(body), 'AES-CBC', false, ['decrypt']);
        const iv = new Uint8Array(key!.iv as unknown as ArrayBuffer);
        const { file } = entries[i]!;
        expect(file!.toString('latin1', 4, 8)).not.toBe('styp');
        const clear = await crypto.subtle.decrypt({ name: 'AES-CBC', iv }, secret, new Uint8Array(file!));
        return Buffer.from(clear);
      }),
    );
    const watched = { text, entries: entries.map((entry, i) => ({ ...entry, file: files[i]! })) } as Watched;
    expect(publishedNals(watched)).toEqual(sentNals(pictures));
    expect(decodeErrors(Buffer.concat([entries[0]!.init!.body, ...files]))).toBe('');
  });

  it('that is always on is asked for, published as it was sent, and decodes', async () => {
    const id = '13800001001';
    await cloud.register(id, [{ live: 'always', stream: 'sub' }]);
    const device = await new TestDevice(id, task.ports.control).login();
    const asked = await device.wait('startLive');
    expect(asked).toEqual({ host: '127.0.0.1', tcpPort: 1078, udpPort: 0, channel: 1, dataType: 0, stream: 1 });
    expect((await cloud.record(id)).streams['1']).toMatchObject({ state: 'starting', task: task.id });
    const camera = new TestCamera(id, task.ports.media);
    const began = Date.now();
    await camera.send(pictures);
    const live = await isLive(id);
    expect(live.streams['1']).toMatchObject({
      state: 'live',
      task: task.id,
      epoch: 1,
      width: 176,
      height: 144,
      frameRate: 10,
    });
    expect(live.streams['1']!.codecs).toMatch(/^avc1\.[0-9a-f]{6},mp4a\.40\.2$/);
    await camera.close();
    await listed(id, 5);
    const watched = await watch(id);
    expect(publishedNals(watched)).toEqual(sentNals(pictures));
    expect(
      decodeErrors(Buffer.concat([watched.entries[0]!.init!.body, ...watched.entries.map(({ file }) => file!)])),
    ).toBe('');
    // Device time, corrected by its zone.
    expect(Math.abs(watched.entries[0]!.programDateTime - began)).toBeLessThan(5000);
    const [first] = watched.entries;
    expect(watched.text.split('\n').slice(0, 11)).toEqual([
      '#EXTM3U',
      '#EXT-X-VERSION:8',
      '#EXT-X-DEFINE:IMPORT="auth"',
      '#EXT-X-TARGETDURATION:2',
      '#EXT-X-MEDIA-SEQUENCE:0',
      '#EXT-X-DISCONTINUITY-SEQUENCE:0',
      `#EXT-X-MAP:URI="${first!.map}?{$auth}"`,
      `#EXT-X-PROGRAM-DATE-TIME:${new Date(first!.programDateTime).toISOString()}`,
      '#EXTINF:2.000,',
      `${first!.uri}?{$auth}`,
      '#EXTINF:2.000,',
    ]);
    expect(watched.entries.map(({ name }) => [name.epoch, name.sequence, name.discontinuity])).toEqual(
      [0, 1, 2, 3, 4].map((n) => [1, n, n === 0]),
    );
    expect(first!.init!.metadata).toMatchObject({ codecs: live.streams['1']!.codecs, width: '176', height: '144' });
    await until(
      'waiting for it',
      () => cloud.record(id),
      ({ streams }) => streams['1']!.state === 'starting',
    );
    await device.close();
  });

  it('that reconnects goes on, with a discontinuity, and with the same writer', async () => {
    const id = '13800001002';
    await cloud.register(id, [{ live: 'always' }]);
    const first = new TestCamera(id, task.ports.media);
    await first.send(pictures.slice(0, 40));
    await isLive(id);
    const second = new TestCamera(id, task.ports.media);
    await second.send(pictures.slice(40, 80), { from: first.clock });
    await first.closed;
    await second.close();
    await listed(id, 4);
    const watched = await watch(id);
    expect(watched.entries.map(({ discontinuity, name }) => [name.epoch, discontinuity])).toEqual([
      [1, false],
      [1, false],
      [1, true],
      [1, false],
    ]);
    expect(publishedNals(watched)).toEqual(sentNals(pictures.slice(0, 80)));
  });

  it('of two channels on one connection, of a terminal whose packets say less of it than its messages', async () => {
    const id = '98765432013800001003';
    await cloud.register(id, [{ live: 'always' }, { number: 2, live: 'always' }]);
    const camera = new TestCamera(id, task.ports.media, '013800001003');
    await camera.send(pictures.slice(0, 30), { channel: 1 });
    await camera.send(pictures.slice(0, 30), { channel: 2 });
    await camera.close();
    for (const channel of [1, 2]) {
      await until(
        'segments',
        () => cloud.playlist(id, channel),
        (text) => text.includes('#EXTINF:1.000'),
      );
      expect(publishedNals(await watch(id, channel))).toEqual(sentNals(pictures.slice(0, 30)));
    }
  });

  it('is refused unless it was asked for', async () => {
    await cloud.register('13800001004', [{ live: 'on-demand' }, { number: 2, live: 'never' }]);
    const before = { ...task.ingest.services.metrics.refused };
    const uninvited = new TestCamera('13800001004', task.ports.media);
    await uninvited.send(pictures.slice(0, 12));
    await uninvited.closed;
    const never = new TestCamera('13800001004', task.ports.media);
    await never.send(pictures.slice(0, 12), { channel: 2 });
    await never.closed;
    const stranger = new TestCamera('13877777777', task.ports.media);
    await stranger.send(pictures.slice(0, 12));
    await stranger.closed;
    const { refused } = task.ingest.services.metrics;
    expect([
      refused.unasked - before.unasked,
      refused.policy - before.policy,
      refused.unknown - before.unknown,
    ]).toEqual([1, 1, 1]);
    expect(await cloud.keys('live/13800001004/')).toEqual([]);
    expect(
      (
        await until(
          'row',
          () => cloud.fleet('unknown'),
          (rows) => rows.length > 0,
        )
      )[0],
    ).toMatchObject({ id: '13877777777', why: 'media' });
  });

  it('comes from where its device is, where that is asked for', async () => {
    const id = '13800001013';
    await cloud.register(id, [{ live: 'always' }]);
    const strict = await cloud.task({ sameNetwork: true });
    const from = (address: string) => new TestCamera(id, strict.ports.media, undefined, address);
    const { refused } = strict.ingest.services.metrics;
    // Its device is not there, so that nobody can speak for it.
    const early = from('127.0.0.1');
    await early.send(pictures.slice(0, 10));
    await early.closed;
    const device = await new TestDevice(id, strict.ports.control, 2013, '127.0.7.1').login();
    await device.wait('startLive');
    const thief = from('127.0.8.1');
    await thief.send(pictures.slice(0, 10));
    await thief.closed;
    expect(refused.network).toBe(2);
    const own = from('127.0.7.2');
    await own.send(pictures.slice(0, 30));
    await isLive(id);
    const another = from('127.0.8.1');
    await another.send(pictures.slice(0, 10));
    await another.closed;
    expect([refused.network, own.isClosed]).toEqual([3, false]);
    // Nor are files taken from elsewhere.
    const up = new TestDevice(id, strict.ports.attachments);
    const sign = makeSign({ region: 'jiangsu', terminalId: 'T', time: '260801000000', sequence: 0, attachments: 1 });
    const list = { terminalId: 'T', sign, alarmNo: alarmNumber('0'.repeat(20), 0), infoType: 0, files: [] };
    expect(await up.replyTo(up.send('attachmentList', list))).toBe(1);
    await until(
      'said so',
      () => strict.log.join('\n'),
      (log) => log.includes('from elsewhere than its device'),
    );
    await own.close();
    await device.close();
  });

  it('on demand starts by command, at another task too, and stops when nobody watches', async () => {
    const id = '13800001005';
    await cloud.register(id, [{ live: 'on-demand' }]);
    const other = await cloud.task();
    const device = await new TestDevice(id, task.ports.control).login();
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect(device.seen('startLive')).toEqual([]);
    await cloud.watchedUntil(id, 1, Date.now() + 600_000);
    const start = { device: id, type: 'start', channel: 1, stream: 'main' } as const;
    const request = await cloud.command(task.id, start);
    expect(await device.wait('startLive')).toMatchObject({ channel: 1, stream: 0 });
    expect(
      (await until(
        'answer',
        () => cloud.answer(request),
        (a) => a !== undefined,
      ))!.status,
    ).toBe('done');
    // The load balancer sends its pictures to the other task.
    const camera = new TestCamera(id, other.ports.media);
    await camera.send(pictures.slice(0, 40));
    // Somebody watches, so a task may have asked for it by itself, too, before or after the command.
    expect((await isLive(id)).streams['1']).toMatchObject({ task: other.id, requestId: expect.any(String) });
    // Asked again, it runs already.
    const before = device.seen('startLive').length;
    const again = await cloud.command(task.id, start);
    expect(
      (await until(
        'answer',
        () => cloud.answer(again),
        (a) => a !== undefined,
      ))!.status,
    ).toBe('done');
    expect(device.seen('startLive')).toHaveLength(before);
    // Nobody does any more: whoever looked last has gone.
    await cloud.watchedUntil(id, 1, Date.now());
    await keeperOf(task, id).renew();
    const stopped = await device.wait('controlLive');
    expect(stopped).toEqual({ channel: 1, command: 0, closeType: 0, stream: 0 });
    expect(Date.now()).toBeGreaterThan(Date.parse((await cloud.record(id)).watched['1']!) + 1000);
    await camera.close();
    await until(
      'offline',
      () => cloud.record(id),
      ({ streams }) => streams['1']!.state === 'offline',
    );
    await new Promise((resolve) => setTimeout(resolve, 300));
    expect((await cloud.record(id)).streams['1']!.state).toBe('offline');
    await device.close();
  });

  it('of one channel of several on a connection is refused, asked for, stopped and asked for again', async () => {
    const id = '13800001016';
    const own = await cloud.task({ idleStopSeconds: 1 });
    await cloud.register(id, [{ live: 'always' }, { number: 2, live: 'on-demand' }]);
    const device = await new TestDevice(id, own.ports.control).login();
    const camera = new TestCamera(id, own.ports.media);
    const sent = new Set([1, 2]);
    let next = 0;
    const timer = setInterval(() => {
      const from = Date.now() + 480 * 60_000;
      for (const channel of sent) void camera.send([pictures[next % pictures.length]!], { channel, from });
      next += 1;
    }, 100);
    const second = (state: string) =>
      until(
        `channel 2 ${state}`,
        () => cloud.record(id),
        ({ streams }) => streams['2']?.state === state,
      );
    try {
      await until(
        'refused',
        () => own.ingest.services.metrics.refused.unasked,
        (count) => count > 0,
      );
      await isLive(id);
      for (let view = 1; view <= 2; view += 1) {
        await cloud.watchedUntil(id, 2, Date.now() + 600_000);
        await cloud.command(own.id, { device: id, type: 'start', channel: 2, stream: 'main' });
        await until(
          'asked for',
          () => device.seen('startLive').filter(({ channel }) => channel === 2).length,
          (count) => count >= view,
        );
        sent.add(2);
        await second('live');
        await cloud.watchedUntil(id, 2, Date.now());
        await keeperOf(own, id).renew();
        await until(
          'told to stop',
          () => device.seen('controlLive').filter(({ channel }) => channel === 2).length,
          (count) => count >= view,
        );
        sent.delete(2);
        await second('offline');
        // It came to its end, as the others did not.
        await until(
          'gone',
          () => own.ingest.streams.get(id, 2),
          (stream) => stream === undefined,
        );
      }
      expect([camera.isClosed, own.ingest.streams.isConnected(id, 1)]).toEqual([false, true]);
      const { entries } = await watch(id);
      expect(entries.filter(({ discontinuity }) => discontinuity)).toEqual([]);
      expect(readLivePlaylist(await cloud.playlist(id, 2))!.entries.length).toBeGreaterThan(1);
    } finally {
      clearInterval(timer);
      await camera.close();
      await device.close();
    }
  });

  it('of sound and pictures that cannot be read says so while it is received', async () => {
    const id = '13800001019';
    const own = await cloud.task({ startSeconds: 1 });
    await cloud.register(id, [{ live: 'always' }, { number: 2, live: 'always' }]);
    const device = await new TestDevice(id, own.ports.control).login();
    const camera = new TestCamera(id, own.ports.media);
    const timer = setInterval(() => {
      const from = Date.now() + 480 * 60_000;
      camera.sound(28, from, Buffer.alloc(32, 1));
      void camera.send([Buffer.alloc(300, 7)], { channel: 2, from });
    }, 40);
    try {
      const { streams } = await until(
        'said so',
        () => cloud.record(id),
        // On a busy machine, that nothing came in time may be said before.
        (record) =>
          record.streams['1']?.reason?.includes('payload type 28 (AMR)') === true &&
          record.streams['2']?.reason?.includes('no start codes') === true,
      );
      expect([streams['1']!.task, streams['2']!.task]).toEqual([own.id, own.id]);
      expect(camera.isClosed).toBe(false);
    } finally {
      clearInterval(timer);
      await camera.close();
      await device.close();
    }
  });

  it('of sound alone says so while it is received, and is live when pictures come', async () => {
    const id = '13800001017';
    const own = await cloud.task({ startSeconds: 1 });
    await cloud.register(id, [{ live: 'on-demand' }]);
    const device = await new TestDevice(id, own.ports.control).login();
    await cloud.watchedUntil(id, 1, Date.now() + 60_000);
    await cloud.command(own.id, { device: id, type: 'start', channel: 1, stream: 'main' });
    await device.wait('startLive');
    const camera = new TestCamera(id, own.ports.media);
    const timer = setInterval(() => camera.sound(6, Date.now() + 480 * 60_000, Buffer.alloc(160, 0xd5)), 40);
    try {
      const record = await until(
        'said so',
        () => cloud.record(id),
        ({ streams }) => streams['1']?.reason === 'The device sends sound but no picture.',
      );
      expect(record.streams['1']).toMatchObject({ state: 'offline', task: own.id });
      const asked = device.seen('startLive').length;
      // It is not asked again and again for what it sends already.
      await new Promise((resolve) => setTimeout(resolve, 3000));
      expect([device.seen('startLive').length, camera.isClosed]).toEqual([asked, false]);
      expect((await cloud.record(id)).streams['1']!.reason).toBe('The device sends sound but no picture.');
      await camera.send(pictures.slice(0, 40));
      expect((await isLive(id)).streams['1']!.reason).toBeUndefined();
    } finally {
      clearInterval(timer);
      await camera.close();
      await device.close();
    }
  });

  it('that a device refuses or never begins says so', async () => {
    const id = '13800001006';
    const quick = await cloud.task({ startSeconds: 1 });
    await cloud.register(id, [{ live: 'on-demand' }]);
    const device = await new TestDevice(id, quick.ports.control).login();
    device.result = 1;
    const request = await cloud.command(quick.id, { device: id, type: 'start', channel: 1, stream: 'main' });
    expect(
      (await until(
        'answer',
        () => cloud.answer(request),
        (a) => a !== undefined,
      ))!.reason,
    ).toBe('refused');
    const busy = await until(
      'busy',
      () => cloud.record(id),
      ({ streams }) => streams['1']?.state === 'busy',
    );
    expect(busy.streams['1']!.reason).toContain('refused');
    device.result = 0;
    await cloud.command(quick.id, { device: id, type: 'start', channel: 1, stream: 'main' });
    const record = await until(
      'given up',
      () => cloud.record(id),
      ({ streams }) => streams['1']?.state === 'offline',
    );
    expect(record.streams['1']!.reason).toContain('no picture');
    await device.close();
  });

  it('that stands still is published as far as it came, and given up in the end', async () => {
    const id = '13800001014';
    await cloud.register(id, [{ live: 'always' }]);
    const own = await cloud.task();
    const camera = new TestCamera(id, own.ports.media);
    await camera.send(pictures.slice(0, 30));
    await listed(id, 1);
    const stream = own.ingest.streams.get(id, 1)!;
    stream.tick(performance.now() + 9000);
    await listed(id, 2);
    expect(camera.isClosed).toBe(false);
    stream.tick(performance.now() + 31_000);
    await camera.closed;
    expect(own.ingest.services.metrics.closed.stalled).toBe(1);
    await until(
      'waiting for it',
      () => cloud.record(id),
      ({ streams }) => streams['1']!.state === 'starting',
    );
    // It did not come back.
    stream.tick(performance.now() + 60_000);
    const { streams } = await until(
      'offline',
      () => cloud.record(id),
      (record) => record.streams['1']!.state === 'offline',
    );
    expect(streams['1']!.reason).toBe('The device stopped sending.');
  });

  it('of pictures larger than may be drops these, counted, and goes on', async () => {
    const id = '13800001015';
    await cloud.register(id, [{ live: 'always' }]);
    const largest = Math.max(...pictures.slice(0, 30).map(({ length }) => length));
    const own = await cloud.task({ limits: { frameBytes: largest } });
    const camera = new TestCamera(id, own.ports.media);
    await camera.send([Buffer.concat([pictures[0]!, Buffer.alloc(largest, 1)]), ...pictures.slice(0, 30)]);
    await listed(id, 1);
    await camera.close();
    await until(
      'counted',
      () => own.ingest.services.metrics.counts.oversizedFrames,
      (count) => count === 1,
    );
  });

  it('that nobody watches, of a device whose control connection is gone, is closed where it arrives', async () => {
    const id = '13800001010';
    const quick = await cloud.task({ startSeconds: 0.3, idleStopSeconds: 0.1 });
    const since = new Date().toISOString();
    await cloud.register(id, [{ live: 'on-demand' }], { streams: { 1: { state: 'live', since } } });
    await cloud.watchedUntil(id, 1, Date.now());
    const camera = new TestCamera(id, quick.ports.media);
    for (let n = 0; !camera.isClosed; n += 1) {
      await camera.send([pictures[n % pictures.length]!]);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    await until(
      'offline',
      () => cloud.record(id),
      ({ streams }) => streams['1']?.state === 'offline',
    );
  });

  it('beyond what a task takes is told busy', async () => {
    const small = await cloud.task({ limits: { streams: 1 } });
    await cloud.register('13800001007', [{ live: 'always' }]);
    await cloud.register('13800001008', [{ live: 'always' }]);
    const one = new TestCamera('13800001007', small.ports.media);
    await one.send(pictures.slice(0, 30));
    await isLive('13800001007');
    const two = new TestCamera('13800001008', small.ports.media);
    await two.send(pictures.slice(0, 30));
    await two.closed;
    await until(
      'busy',
      () => cloud.record('13800001008'),
      ({ streams }) => streams['1']?.state === 'busy',
    );
    await one.close();
  });

  it('played back from the device has a playlist of its own, with an end', async () => {
    const id = '13800001009';
    await cloud.register(id, [{ live: 'on-demand' }]);
    const device = await new TestDevice(id, task.ports.control).login();
    const from = Date.UTC(2026, 7, 1, 10, 0, 0);
    const stretch = { from: new Date(from).toISOString(), to: new Date(from + 60_000).toISOString() };
    const request = await cloud.command(task.id, { device: id, type: 'play', channel: 1, speed: 1, ...stretch });
    expect(await device.wait('startPlayback')).toMatchObject({
      channel: 1,
      start: '260801180000',
      end: '260801180100',
      mode: 0,
      speed: 0,
    });
    const camera = new TestCamera(id, task.ports.media);
    await camera.send(pictures.slice(0, 40), { from: from + 480 * 60_000 });
    const others = await until(
      'its stream, with pictures',
      () => [...task.ingest.streams.playbacks].filter((stream) => stream.device === id && stream.bytes > 0),
      ({ length }) => length === 1,
    );
    // Paused for four minutes: what was sent is published, and the connection stays.
    await new Promise((resolve) => setTimeout(resolve, 200));
    others[0]!.tick(performance.now() + 240_000);
    await new Promise((resolve) => setTimeout(resolve, 100));
    expect(camera.isClosed).toBe(false);
    camera.socket.end();
    await camera.closed;
    const key = `live/${id}/1/playback/${request}.m3u8`;
    const text = await until(
      'its end',
      () =>
        cloud.object(key).then(
          ({ body }) => body.toString(),
          () => '',
        ),
      (t) => t.includes('#EXT-X-ENDLIST'),
    );
    expect(text).toContain(`#EXT-X-PROGRAM-DATE-TIME:${stretch.from}`);
    expect(text.match(/^\.\.\/rec\/20260801\/10\/.*\.m4s/gm)).toHaveLength(2);
    expect(await cloud.keys(`live/${id}/1/rec/20260801/10/`)).toHaveLength(2);
    expect((await cloud.record(id)).streams['1']).toBeUndefined();
    await device.close();
  });
});
