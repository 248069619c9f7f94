import { QueryClient, QueryObserver } from '@tanstack/react-query';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Video } from '../../lib/contract/video.ts';
import type { Device } from '../../lib/contract/device.ts';
import { videoQuery } from '../../web/src/api/queries.ts';
import { deviceQuery, devicesQuery } from '../../web/src/fleet/queries.ts';
import { backOff } from '../../web/src/push/push.ts';
import { plays } from '../../web/src/push/mine.ts';
import { pushed, unlessPushed } from '../../web/src/push/pushed.ts';
import { takeIn, wantedTopics, watchingTopic } from '../../web/src/push/topics.ts';

const idOf = (name: string) => name.padEnd(20, '0');
const video = (name: string, over: Partial<Video> = {}): Video =>
  ({ id: idOf(name), status: 'probed', progress: 1, updatedAt: new Date().toISOString(), ...over }) as Video;

/** A client that shows these videos. */
function showing(...videos: Video[]) {
  const client = new QueryClient({ defaultOptions: { queries: { retry: false } } });
  const ends = videos.map((one) => {
    client.setQueryData(videoQuery(one.id).queryKey, one);
    return new QueryObserver(client, { ...videoQuery(one.id), staleTime: Infinity, refetchInterval: false }).subscribe(
      () => {},
    );
  });
  return { client, end: () => ends.forEach((one) => one()) };
}

it('wants to hear of what is on a screen and on its way, and of nothing else', () => {
  const { client, end } = showing(video('b'), video('a', { status: 'uploading' }), video('done', { status: 'ready' }));
  client.setQueryData(videoQuery(idOf('unseen')).queryKey, video('unseen'));
  expect(wantedTopics(client, 'vera')).toEqual([`video:${idOf('a')}`, `video:${idOf('b')}`]);
  end();
  expect(wantedTopics(client, 'vera')).toEqual([]);
});

it('wants no more than one connection listens to', () => {
  const { client, end } = showing(...Array.from({ length: 120 }, (_, i) => video(`v${i}`)));
  expect(wantedTopics(client, 'vera')).toHaveLength(100);
  end();
});

it('shows progress that it is told, and asks for the record where more has changed', () => {
  const { client, end } = showing(video('a'));
  const topic = `video:${idOf('a')}`;
  const updatedAt = '2026-01-01T00:00:00Z';
  const asked = vi.spyOn(client, 'invalidateQueries');
  takeIn(client, { of: 'video', topic, isMore: false, status: 'probed', progress: 42, updatedAt });
  expect(client.getQueryData(['video', idOf('a')])).toMatchObject({ progress: 42, updatedAt, status: 'probed' });
  expect(asked).not.toHaveBeenCalled();
  takeIn(client, { of: 'video', topic, isMore: true, status: 'ready', progress: 100, updatedAt });
  expect(asked).toHaveBeenCalledWith({ queryKey: ['video', idOf('a')], exact: true });
  // What nobody has asked for is not made of what is told.
  takeIn(client, { of: 'video', topic: `video:${idOf('b')}`, isMore: false, status: 'probed', progress: 1, updatedAt });
  expect(client.getQueryData(['video', idOf('b')])).toBeUndefined();
  asked.mockRestore();
  end();
});

it('asks seldom for what is told, and as ever for what is not', () => {
  pushed.add('video:a');
  expect([unlessPushed('video:a', 2_000), unlessPushed('video:b', 2_000)]).toEqual([60_000, 2_000]);
  expect([unlessPushed('video:a', false), unlessPushed('video:a', 90_000)]).toEqual([false, 90_000]);
  pushed.clear();
  expect(unlessPushed('video:a', 2_000)).toBe(2_000);
});

it('tries again later and later, at another time than others, and within a minute at most', () => {
  expect([backOff(0, 0), backOff(0, 1), backOff(3, 0.5), backOff(30, 1), backOff(30, 0)]).toEqual([
    500, 1_000, 6_000, 60_000, 30_000,
  ]);
});

it('adds who comes to the list of who watches, takes out who goes, and asks for it where there are more', () => {
  const client = new QueryClient();
  const id = idOf('a');
  const session = (name: string) => ({ session: name, subject: 'vera' }) as never;
  for (const of of [[id], ['device', '13800000001']]) {
    const queryKey = ['watching', ...of];
    client.setQueryData(queryKey, { sessions: [session('2'), session('1')], isWhole: true });
    const end = new QueryObserver(client, {
      queryKey,
      queryFn: () => new Promise(() => {}),
      staleTime: Infinity,
    }).subscribe(() => {});
    const topic = watchingTopic(of);
    expect(wantedTopics(client, 'vera')).toEqual([topic]);
    const asked = vi.spyOn(client, 'invalidateQueries');
    takeIn(client, { of: 'watching', topic, joined: [session('3'), session('1')], left: ['2'], isMore: false });
    expect(client.getQueryData(queryKey)).toEqual({ sessions: [session('3'), session('1')], isWhole: true });
    expect(asked).not.toHaveBeenCalled();
    takeIn(client, { of: 'watching', topic, joined: [], left: [], isMore: true });
    expect(asked).toHaveBeenCalledWith({ queryKey, exact: true });
    asked.mockRestore();
    end();
  }
});

it('asks for all of the inbox when it is told of alarms, and listens only where they are listed', () => {
  const client = new QueryClient();
  const show = (...queryKey: string[]) => {
    client.setQueryData(queryKey, {});
    const options = { queryKey, queryFn: () => new Promise(() => {}), staleTime: Infinity };
    return new QueryObserver(client, options).subscribe(() => {});
  };
  const ends = [show('inbox', 'count')];
  expect(wantedTopics(client, 'vera')).toEqual([]);
  ends.push(show('inbox', 'latest'), show('inbox', 'list'));
  expect(wantedTopics(client, 'vera')).toEqual(['alarms']);
  takeIn(client, { of: 'alarms', topic: 'alarms', isMore: true });
  expect(
    client
      .getQueryCache()
      .getAll()
      .map(({ state }) => state.fetchStatus),
  ).toEqual(['fetching', 'fetching', 'fetching']);
  for (const end of ends) end();
});

it('hears of its own sessions while something plays, and asks what became of those that are over', () => {
  const client = new QueryClient();
  const asked: string[] = [];
  const playing = (name: string, ticket: string | undefined) =>
    plays({ ticket, askAgain: () => void asked.push(name) });
  const ticketOf = (session: string) => `${session}.abcdefghijk.-.-`;
  const [one, other] = ['0000001Aaaaaaaaaaaaaaaa', '0000002Bbbbbbbbbbbbbbbb'] as const;
  const ends = [playing('one', ticketOf(one)), playing('other', ticketOf(other)), playing('none', undefined)];
  expect(wantedTopics(client, 'vera')).toEqual(['sessions:vera']);
  const { client: crowded, end } = showing(...Array.from({ length: 120 }, (_, i) => video(`v${i}`)));
  expect(wantedTopics(crowded, 'vera')).toHaveLength(100);
  expect(wantedTopics(crowded, 'vera')[0]).toBe('sessions:vera');
  end();
  const news = { of: 'sessions' as const, topic: 'sessions:vera' };
  takeIn(client, { ...news, over: [other, '0000003Ccccccccccccccccc'], isMore: false });
  expect(asked).toEqual(['other']);
  takeIn(client, { ...news, over: [], isMore: true });
  expect(asked).toEqual(['other', 'one', 'other']);
  for (const playsNoMore of ends) playsNoMore();
  takeIn(client, { ...news, over: [one], isMore: true });
  expect(asked).toHaveLength(3);
  expect(wantedTopics(client, 'vera')).toEqual([]);
});

describe('devices', () => {
  beforeEach(() => void vi.useFakeTimers());
  afterEach(() => {
    vi.useRealTimers();
    pushed.clear();
  });
  const device = (id: string, over: Partial<Device> = {}): Device =>
    ({ id, name: id, online: true, alarms: [], streams: {}, ...over }) as Device;
  const [BUS, TRAM] = ['13800000001', '13800000002'] as const;
  const position = { lat: 1, lon: 2 } as NonNullable<Device['position']>;

  /** A client that shows them in a list, asked for every so many seconds, and how often it was. */
  function listing(seconds: number, ...devices: Device[]) {
    const client = new QueryClient();
    const options = devicesQuery(seconds);
    let asked = 0;
    const queryFn = () => {
      asked += 1;
      return Promise.resolve({ devices, isWhole: true });
    };
    client.setQueryData(options.queryKey, { devices, isWhole: true });
    const end = new QueryObserver(client, { ...options, queryFn, staleTime: Infinity }).subscribe(() => {});
    return { client, end, asked: () => asked, shown: () => client.getQueryData(options.queryKey)?.devices };
  }

  it('hears of those on a map or wall, and shows at once where they are', () => {
    const { client, end, asked, shown } = listing(5, device(BUS), device(TRAM));
    expect(wantedTopics(client, 'vera')).toEqual([`device:${BUS}`, `device:${TRAM}`]);
    const topic = `device:${BUS}`;
    client.setQueryData(deviceQuery(BUS).queryKey, device(BUS));
    const before = client.getQueryState(['devices'])!.dataUpdatedAt;
    vi.advanceTimersByTime(100);
    takeIn(client, { of: 'device', topic, isMore: false, alarms: ['sos'], position });
    expect(shown()).toEqual([device(BUS, { alarms: ['sos'], position }), device(TRAM)]);
    expect(client.getQueryData(['device', BUS])).toEqual(device(BUS, { alarms: ['sos'], position }));
    // It is no answer: one is due as before.
    expect(client.getQueryState(['devices'])!.dataUpdatedAt).toBe(before);
    expect(asked()).toBe(0);
    end();
    const other = listing(60, device(BUS));
    expect(wantedTopics(other.client, 'vera')).toEqual([]);
    other.end();
  });

  it('asks for the list once in a while, however much more is told', async () => {
    const { client, end, asked } = listing(3600, device(BUS));
    const more = () => takeIn(client, { of: 'device', topic: `device:${BUS}`, isMore: true, alarms: [] });
    await vi.advanceTimersByTimeAsync(10_000);
    for (let i = 0; i < 20; i += 1) more();
    await vi.advanceTimersByTimeAsync(100);
    expect(asked()).toBe(1);
    for (let i = 0; i < 20; i += 1) more();
    await vi.advanceTimersByTimeAsync(4_000);
    expect(asked()).toBe(1);
    await vi.advanceTimersByTimeAsync(2_000);
    expect(asked()).toBe(2);
    end();
  });

  it('asks a minute after the last answer where all are told, whatever is told, and as ever where one is not or is waited for', () => {
    const options = devicesQuery(5);
    const intervals = (streams: object, ...told: string[]) => {
      pushed.clear();
      for (const id of told) pushed.add(`device:${id}`);
      const { client, end } = listing(5, device(BUS, { streams } as never), device(TRAM));
      const query = client.getQueryCache().find({ queryKey: options.queryKey })!;
      const all = [0, 40_000, 25_000].map((ms) => {
        vi.advanceTimersByTime(ms);
        takeIn(client, { of: 'device', topic: `device:${TRAM}`, isMore: false, alarms: [], position });
        return (options.refetchInterval as unknown as (of: typeof query) => number)(query);
      });
      end();
      return all;
    };
    expect(intervals({}, BUS, TRAM)).toEqual([60_000, 20_000, 200]);
    expect(intervals({ 1: { state: 'live' } }, BUS, TRAM)).toEqual([60_000, 20_000, 200]);
    expect(intervals({}, BUS)).toEqual([5_000, 5_000, 5_000]);
    expect(intervals({ 1: { state: 'starting' } }, BUS, TRAM)).toEqual([5_000, 5_000, 5_000]);
  });
});
