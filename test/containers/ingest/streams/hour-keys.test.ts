/** Segments that are encrypted: by which key, where it lies, and that they are what they would be in clear. */
import { describe, expect, it } from 'vitest';
import { Metrics } from '../../../../containers/ingest/src/common/metrics.ts';
import { Segmenter, type Segment } from '../../../../containers/ingest/src/hls/segmenter.ts';
import { Fence } from '../../../../containers/ingest/src/streams/fence.ts';
import { HourKeys } from '../../../../containers/ingest/src/streams/hour-keys.ts';
import { Publisher } from '../../../../containers/ingest/src/streams/publisher.ts';
import { hourKeyPath, hourVector, keyBeside } from '../../../../lib/contract/live-keys.ts';
import { readLivePlaylist } from '../../../../lib/contract/live-playlist.ts';
import { h264Picture, videoUnit } from '../streams.ts';
import { MemoryBucket } from '../task/bucket.ts';

const PREFIX = 'live/1/1/';
const NOON = Date.UTC(2026, 7, 1, 12);
/** Two segments of 2 s before noon, and two from then on. */
const T0 = NOON - 4000;

function segments(): Segment[] {
  const list: Segment[] = [];
  const segmenter = new Segmenter({ epoch: (at) => T0 + at, zoneMinutes: 0 }, (segment) => list.push(segment));
  for (let n = 0; n < 80; n += 1)
    segmenter.push(videoUnit(h264Picture(n % 20 === 0, 200 + n, n), T0 + n * 100, n * 100));
  segmenter.end();
  return list;
}

const keysOf = (store: MemoryBucket) =>
  new HourKeys({ store, bucket: 'b', prefix: PREFIX, retentionTag: 'retention=7' });

async function publish(store: MemoryBucket, isEncrypted: boolean, key = `${PREFIX}live.m3u8`): Promise<void> {
  const fence = new Fence({ store, bucket: 'b', key, retentionTag: 'retention=7', targetMs: 2000, staleMs: Infinity });
  const publisher = new Publisher({
    store,
    fence,
    bucket: 'b',
    prefix: PREFIX,
    relative: '',
    retentionTag: 'retention=7',
    ...(isEncrypted && { keys: keysOf(store) }),
    window: { windowMs: 60_000, maxEntries: 100 },
    bufferBytes: 1_000_000,
    metrics: new Metrics(),
    failed: () => {},
    published: () => {},
    lost: () => {},
  });
  for (const segment of segments()) publisher.add(segment);
  await publisher.close(performance.now() + 10_000);
}

const listed = (store: MemoryBucket) =>
  readLivePlaylist(store.objects.get(`${PREFIX}live.m3u8`)!.body.toString())!.entries;
const bytesAt = (store: MemoryBucket, uri: string) => store.objects.get(`${PREFIX}${uri}`)!.body;

/** By somebody else's AES. */
async function decrypted(bytes: Buffer, secret: Buffer, at: number): Promise<Buffer> {
  const key = await crypto.subtle.importKey('raw', new Uint8Array(secret), 'AES-CBC', false, ['decrypt']);
  const iv = new Uint8Array(Buffer.from(hourVector(at), 'hex'));
  return Buffer.from(await crypto.subtle.decrypt({ name: 'AES-CBC', iv }, key, new Uint8Array(bytes)));
}

describe('segments of a channel', () => {
  it('are, decrypted, byte for byte what they are in clear, each by the key of its hour', async () => {
    const [clear, sealed] = [new MemoryBucket(), new MemoryBucket()];
    await publish(clear, false);
    await publish(sealed, true);
    const [plain, secret] = [listed(clear), listed(sealed)];
    expect(secret.map(({ uri }) => uri)).toEqual(plain.map(({ uri }) => uri.replace(/\.m4s$/, 'e.m4s')));
    expect(plain).toHaveLength(4);
    expect(new Set(secret.map(({ uri }) => keyBeside(uri)))).toEqual(
      new Set([hourKeyPath(NOON - 1), hourKeyPath(NOON)]),
    );
    for (const [i, { uri, programDateTime, map }] of secret.entries()) {
      const bytes = bytesAt(sealed, uri);
      const wanted = bytesAt(clear, plain[i]!.uri);
      expect(bytes.includes(wanted.subarray(0, 24))).toBe(false);
      expect((await decrypted(bytes, bytesAt(sealed, keyBeside(uri)!), programDateTime)).equals(wanted)).toBe(true);
      expect(bytesAt(sealed, map).equals(bytesAt(clear, map))).toBe(true);
    }
    const [first, second] = [hourKeyPath(NOON - 1), hourKeyPath(NOON)].map((path) =>
      sealed.objects.get(PREFIX + path)!,
    );
    expect([first!.body.length, first!.body.equals(second!.body)]).toEqual([16, false]);
    expect(first!.headers).toMatchObject({ 'x-amz-tagging': 'retention=7', 'if-none-match': '*' });
    // Before what it opens.
    for (const { uri } of secret)
      expect(sealed.puts.indexOf(PREFIX + keyBeside(uri)!)).toBeLessThan(sealed.puts.indexOf(PREFIX + uri));
    expect(sealed.puts.filter((key) => key.endsWith('.key'))).toHaveLength(2);
  });

  it('have the same key whoever writes them: after a task that went, and beside a recording that is fetched', async () => {
    const store = new MemoryBucket();
    await publish(store, true);
    const before = bytesAt(store, hourKeyPath(NOON));
    await Promise.all([publish(store, true), publish(store, true, `${PREFIX}playback/aaaaaaaa.m3u8`)]);
    expect(bytesAt(store, hourKeyPath(NOON)).equals(before)).toBe(true);
    expect(store.puts.filter((key) => key.endsWith('.key'))).toHaveLength(2);
  });

  it('wait for their key, and are put in clear by no trouble with it', async () => {
    const store = new MemoryBucket();
    const troubles = ['down', 503, 'lost', 409] as const;
    let put = 0;
    store.trouble = (method, key) => (method === 'PUT' && key.endsWith('.key') ? troubles[put++] : undefined);
    await publish(store, true);
    const secret = listed(store);
    expect(secret).toHaveLength(4);
    for (const { uri, programDateTime } of secret)
      expect(
        (await decrypted(bytesAt(store, uri), bytesAt(store, keyBeside(uri)!), programDateTime)).toString(
          'latin1',
          4,
          8,
        ),
      ).toBe('styp');
  });
});

describe('a key', () => {
  it('is one, of two that are made at the same moment', async () => {
    const store = new MemoryBucket();
    const seals = await Promise.all([keysOf(store), keysOf(store)].map((keys) => keys.sealer(NOON)));
    const [a, b] = seals.map((seal) => seal(Buffer.from('a segment')));
    expect(a!.equals(b!)).toBe(true);
  });

  it('that was written on another day is written again, the same, since segments of today stay longer', async () => {
    const store = new MemoryBucket();
    const written = (at: number) => {
      const body = Buffer.alloc(16, 7);
      const headers = { 'last-modified': new Date(at).toUTCString(), 'x-amz-tagging': 'retention=3' };
      store.objects.set(PREFIX + hourKeyPath(NOON), { body, headers, etag: '"x"' });
    };
    written(Date.now());
    await keysOf(store).sealer(NOON);
    expect(store.puts).toEqual([]);
    written(Date.now() - 86_400_000);
    await keysOf(store).sealer(NOON);
    expect(store.puts).toEqual([PREFIX + hourKeyPath(NOON)]);
    const { body, headers } = store.objects.get(PREFIX + hourKeyPath(NOON))!;
    expect([body.equals(Buffer.alloc(16, 7)), headers['x-amz-tagging']]).toEqual([true, 'retention=7']);
  });

  it('of another length is none, and what S3 does not say is no key', async () => {
    const store = new MemoryBucket();
    store.objects.set(PREFIX + hourKeyPath(NOON), { body: Buffer.alloc(15), headers: {}, etag: '"x"' });
    await expect(keysOf(store).sealer(NOON)).rejects.toThrow('no key');
    store.trouble = () => 500;
    await expect(keysOf(store).sealer(NOON)).rejects.toThrow('HTTP 500');
    store.trouble = (method) => (method === 'PUT' ? 412 : 404);
    await expect(keysOf(store).sealer(NOON)).rejects.toThrow('others all the time');
    expect(store.puts).toEqual([]);
  });
});
