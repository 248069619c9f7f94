import { describe, expect, it } from 'vitest';
import { ApiProblem } from '../../../web/src/api/problem.ts';
import {
  definedIn,
  endOf,
  pathOf,
  refusedText,
  renewIn,
  resigned,
  Signature,
} from '../../../web/src/shared/signature.ts';

const NOW = new Date(2026, 4, 3, 15, 0).getTime();

describe('the signature', () => {
  it('is renewed well before its end', () => {
    const at = (ms: number) => NOW + ms;
    expect(renewIn(at(600_000), NOW)).toBe(400_000);
    expect(renewIn(at(-5), NOW)).toBe(1000);
    // A timer that is asked for more fires at once.
    expect(renewIn(at(1e13), NOW)).toBeLessThan(2 ** 31);
  });

  const BASE = 'https://video.example/live';
  const PREFIX = '/live/139/1/';

  it('takes the place of the old one below its own prefix', () => {
    const old = 'https://video.example/live/139/1/rec/20260101/00/x.m4s?Policy=old&Signature=a';
    expect(resigned(old, BASE, PREFIX, 'Policy=new~_-&Signature=b')).toBe(
      'https://video.example/live/139/1/rec/20260101/00/x.m4s?Policy=new~_-&Signature=b',
    );
    expect(resigned('/live/139/1/live.m3u8?Policy=old', BASE, PREFIX, 'Policy=new')).toBe(
      'https://video.example/live/139/1/live.m3u8?Policy=new',
    );
  });

  it.each([
    '/api/play/live/139/1/main.m3u8?session=x',
    '/live/139/11/live.m3u8?Policy=old',
    'https://elsewhere.example/live/139/1/live.m3u8?Policy=old',
    '/live/139/1/../../139/2/live.m3u8?Policy=old',
  ])('leaves %s alone', (address) => expect(resigned(address, BASE, PREFIX, 'Policy=new')).toBe(address));

  it('brings its own ticket, should the session be another one by now', () => {
    const fresh = query(NOW, 'a/s/new');
    for (const old of ['/vod/a/s/old/r1/x.m4s', '/vod/a/r1/x.m4s'])
      expect(resigned(`https://video.example${old}?Policy=old`, BASE, '/vod/a/', fresh)).toBe(
        `https://video.example/vod/a/s/new/r1/x.m4s?${fresh}`,
      );
    expect(pathOf(`#EXTM3U\n/vod/a/s/new/x?${fresh}`)).toBe('/vod/a/s/new/');
    // Nothing of another video, whatever a signature says.
    expect(resigned('/vod/a/s/old/x.m4s', BASE, '/vod/a/', query(NOW, 'b/s/new'))).not.toContain('/vod/b/');
  });

  it('is left as it came while there is no newer one', () =>
    expect(resigned('/live/139/1/live.m3u8?Policy=old', BASE, PREFIX, undefined)).toBe(
      '/live/139/1/live.m3u8?Policy=old',
    ));
});

/** As CloudFront's signer writes it: base64 with `-`, `_` and `~`. */
const query = (end: number, name = 'a') => {
  const Condition = { DateLessThan: { 'AWS:EpochTime': Math.floor(end / 1000) } };
  const policy = JSON.stringify({ Statement: [{ Resource: `https://x.example/vod/${name}/*`, Condition }] });
  const text = Buffer.from(policy).toString('base64').replaceAll('+', '-').replaceAll('=', '_').replaceAll('/', '~');
  return `Policy=${text}&Key-Pair-Id=K&Signature=${name}&Hash-Algorithm=SHA256`;
};
const playlist = (auth: string) => `#EXTM3U\n#EXT-X-VERSION:8\n#EXT-X-DEFINE:NAME="auth",VALUE="${auth}"\n`;

describe('what is read of a signature', () => {
  it('is when it ends, from addresses, playlists and lists of pictures alike', () => {
    expect(endOf(`?${query(NOW)}`)).toBe(NOW);
    expect(endOf(playlist(query(NOW)))).toBe(NOW);
    expect(endOf(`WEBVTT\n\n00:00.000 --> 00:10.000\n/vod/a/x.jpg?${query(NOW)}#xywh=0,0,1,1\n`)).toBe(NOW);
    expect(definedIn(playlist(query(NOW)))).toBe(query(NOW));
  });

  it.each(['', '?x=1', '?Policy=', '?Policy=~~~', '?Policy=e30_'])('is nothing where there is none: %j', (text) =>
    expect(endOf(text)).toBeUndefined(),
  );
});

describe('a signature while somebody plays', () => {
  const BASE = 'https://video.example/v/a';
  const segment = (auth: string, name = '1.m4s') => `https://video.example/vod/a/r1/video/${name}?${auth}`;
  const HOUR = 3_600_000;

  /** A server that signs for an hour, and a clock that the test moves; `wrong`: ms by which this machine's is off. */
  function setUp(wrong = 0) {
    const world = { now: NOW, reads: 0, isDown: false, made: [] as string[] };
    const sign = () => {
      const made = query(world.now + HOUR, `n${world.made.length}`);
      world.made.push(made);
      return made;
    };
    const signature = new Signature({
      prefix: '/vod/a/',
      base: BASE,
      clock: () => world.now + wrong,
      read: async () => {
        world.reads += 1;
        if (world.isDown) throw new TypeError('Failed to fetch');
        return { text: playlist(sign()), date: world.now };
      },
    });
    /** What a player is answered that asks for a segment as its playlist names it: whether the edge would take it. */
    const fetches = async (auth: string) => {
      const address = await signature.address(segment(auth));
      return { by: new URL(address).search.slice(1), isGood: endOf(address)! > world.now };
    };
    return { world, signature, first: sign(), fetches };
  }

  it('is renewed while the old one is good, once, and no request waits for it', async () => {
    const { world, first, fetches } = setUp();
    for (let minute = 0; minute < 300; minute += 1) {
      const { by, isGood } = await fetches(first);
      expect(isGood, `minute ${minute}`).toBe(true);
      if (minute < 40) expect(by).toBe(first);
      world.now += 60_000;
    }
    // Every 40 minutes of five hours, but for the first 40.
    expect(world.reads).toBe(7);
  });

  it('that is over when a machine wakes is renewed before anything is asked with it', async () => {
    const { world, first, fetches } = setUp();
    await fetches(first);
    world.now += 9 * HOUR;
    const both = await Promise.all([fetches(first), fetches(first)]);
    expect(both.map(({ isGood }) => isGood)).toEqual([true, true]);
    expect(world.reads).toBe(1);
  });

  it.each([-9 * HOUR, 9 * HOUR])(
    'is judged by the server’s clock, where this machine’s is off by %i ms',
    async (wrong) => {
      const { world, signature, first, fetches } = setUp(wrong);
      signature.heard(new Date(world.now).toUTCString());
      for (let minute = 0; minute < 100; minute += 1) {
        expect((await fetches(first)).isGood, `minute ${minute}`).toBe(true);
        world.now += 60_000;
      }
      expect(world.reads).toBe(2);
    },
  );

  it('that cannot be had now is asked for again in a while, not with every request', async () => {
    const { world, signature, first, fetches } = setUp();
    await fetches(first);
    world.now += 0.8 * HOUR;
    world.isDown = true;
    for (let i = 0; i < 20; i += 1) {
      expect((await fetches(first)).by).toBe(first);
      world.now += 1000;
    }
    expect(world.reads).toBeGreaterThan(1);
    expect(world.reads).toBeLessThan(6);
    expect(signature.failure).toEqual(new TypeError('Failed to fetch'));
    world.isDown = false;
    world.now += 6000;
    await fetches(first);
    await Promise.resolve();
    expect((await fetches(first)).by).not.toBe(first);
    expect(signature.failure).toBeUndefined();
  });

  it('gives way to one that came with a playlist which was read later', async () => {
    const { world, first, fetches } = setUp();
    await fetches(first);
    const later = query(world.now + 2 * HOUR, 'later');
    expect((await fetches(later)).by).toBe(later);
    expect((await fetches(first)).by).toBe(later);
    expect(world.reads).toBe(0);
  });

  it.each([
    [410, 'session-ended'],
    [403, 'forbidden'],
    [404, 'not-found'],
    [401, 'link-ended'],
  ])(
    'is asked for no more once the session was ended or its right is gone (%i %s), and says why, once',
    async (status, code) => {
      const { world, first } = setUp();
      const said: string[] = [];
      let reads = 0;
      const read = async () => {
        reads += 1;
        throw new ApiProblem(status, { code, detail: 'The owner has ended it.' });
      };
      const over = ({ message }: ApiProblem) => void said.push(message);
      const signature = new Signature({ prefix: '/vod/a/', base: BASE, clock: () => world.now, read, over });
      await signature.address(segment(first));
      expect(signature.isOver).toBe(false);
      for (let minute = 0; minute < 90; minute += 1) {
        world.now += 60_000;
        await signature.address(segment(first));
      }
      expect([said, reads, signature.isOver]).toEqual([['The owner has ended it.'], 1, true]);
      expect(await signature.renew()).toBe(false);
    },
  );

  it('knows the ticket of its session, to take leave by', async () => {
    const { signature } = setUp();
    expect(signature.ticket).toBeUndefined();
    await signature.address(`/vod/a/s/of-mine/r1/1.m4s?${query(NOW + HOUR, 'a/s/of-mine')}`);
    expect(signature.ticket).toBe('of-mine');
  });

  it('stands in no address that it is not for', async () => {
    const { signature, first } = setUp();
    await signature.address(segment(first));
    for (const other of ['/vod/ab/1.m4s', '/api/play/a/main.m3u8', 'https://elsewhere.example/vod/a/1.m4s?Policy=x'])
      expect(await signature.address(other)).toBe(other);
    // Cookies instead: nothing is added.
    const bare = setUp().signature;
    expect(await bare.address('/vod/a/r1/1.m4s')).toBe('/vod/a/r1/1.m4s');
  });
});

describe('what a player was refused with', () => {
  const said = '{"code":"session-ended"}';
  it('is read of text and of bytes, whose text must not be asked for', () => {
    const bytes = {
      responseType: 'arraybuffer',
      response: new TextEncoder().encode(said).buffer,
      get responseText(): string {
        throw new DOMException('InvalidStateError');
      },
    };
    expect(refusedText({ networkDetails: { responseType: '', responseText: said } })).toBe(said);
    expect(refusedText({ networkDetails: bytes })).toBe(said);
    for (const networkDetails of [undefined, null, {}, { responseType: 'arraybuffer', response: null }])
      expect(refusedText({ networkDetails })).toBe('');
  });
});
