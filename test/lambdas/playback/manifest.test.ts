import { parse } from 'hls-parser';
import { Parser } from 'm3u8-parser';
import { describe, expect, it } from 'vitest';
import { expand, multivariant, playlistKey } from '../../../lambdas/playback/manifest.ts';
import { ID, MEDIA_PLAYLIST, record, TICKET } from './fixture.ts';

/** Both parsers refuse or report what is not HLS; the variants they see, in order. */
function parsed(text: string) {
  const parser = new Parser();
  const warnings: unknown[] = [];
  parser.on('warn', (warning: unknown) => warnings.push(warning));
  parser.push(text);
  parser.end();
  const other = parse(text);
  if (!other.isMasterPlaylist) throw new Error('not a multivariant playlist');
  expect(warnings).toEqual([]);
  const playlists = (parser.manifest as unknown as { playlists: { attributes: Record<string, unknown> }[] }).playlists;
  expect(other.variants.map((variant) => variant.bandwidth)).toEqual(
    playlists.map(({ attributes }) => attributes['BANDWIDTH']),
  );
  return other;
}

describe('the multivariant playlist', () => {
  it('defines the signature once and lists the rung nearest 2 Mbit/s first', () => {
    const text = multivariant(record(), {
      way: 'define',
      query: 'Policy=a~_&Signature=b-&Key-Pair-Id=K',
      ticket: TICKET,
    });
    expect(text).toBe(`#EXTM3U
#EXT-X-VERSION:8
#EXT-X-DEFINE:NAME="auth",VALUE="Policy=a~_&Signature=b-&Key-Pair-Id=K"
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="main",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="/vod/${ID}/s/${TICKET}/r3/audio/main.m3u8?{$auth}"
#EXT-X-STREAM-INF:BANDWIDTH=3140000,AVERAGE-BANDWIDTH=2528000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO="audio",CLOSED-CAPTIONS=NONE
/vod/${ID}/s/${TICKET}/r3/video/720p.m3u8?{$auth}
#EXT-X-STREAM-INF:BANDWIDTH=6140000,AVERAGE-BANDWIDTH=4928000,CODECS="avc1.640028,mp4a.40.2",RESOLUTION=1920x1080,FRAME-RATE=29.970,AUDIO="audio",CLOSED-CAPTIONS=NONE
/vod/${ID}/s/${TICKET}/r3/video/1080p.m3u8?{$auth}
#EXT-X-STREAM-INF:BANDWIDTH=1040000,AVERAGE-BANDWIDTH=848000,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970,AUDIO="audio",CLOSED-CAPTIONS=NONE
/vod/${ID}/s/${TICKET}/r3/video/360p.m3u8?{$auth}
`);
    const seen = parsed(text);
    expect(seen.variants[0]!.uri).toBe(`/vod/${ID}/s/${TICKET}/r3/video/720p.m3u8?{$auth}`); // this parser leaves variables alone
    expect(seen.variants[0]!.audio).toHaveLength(1);
  });

  it('says that the next one will list more, in a tag that players who do not know it leave alone', () => {
    const access = { way: 'define', query: 'Signature=b', ticket: TICKET } as const;
    const [whole, growing] = [false, true].map((grows) => multivariant(record(), access, { grows }));
    expect(growing).toBe(
      whole!.replace(
        '#EXT-X-INDEPENDENT-SEGMENTS\n',
        '#EXT-X-INDEPENDENT-SEGMENTS\n#EXT-X-SESSION-DATA:DATA-ID="io.sluice.grows",VALUE="YES"\n',
      ),
    );
    parsed(growing!);
  });

  it('says where to begin, what it is called and where the pictures for scrubbing are', () => {
    const access = { way: 'cookies', ticket: TICKET } as const;
    const beside = { start: 90.5, title: 'A "film" {$auth}\r\nof ours', storyboard: '/api/play/x/storyboard.vtt' };
    const text = multivariant(record(), access, beside);
    expect(text).toContain(`
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-START:TIME-OFFSET=90.5,PRECISE=YES
#EXT-X-SESSION-DATA:DATA-ID="io.sluice.title",VALUE="A ”film” { $auth} of ours"
#EXT-X-SESSION-DATA:DATA-ID="io.sluice.storyboard",VALUE="/api/play/x/storyboard.vtt"
#EXT-X-MEDIA:`);
    const seen = parsed(text);
    expect(seen.start).toEqual({ offset: 90.5, precise: true });
    expect(seen.sessionDataList.map(({ id }) => id)).toEqual(['io.sluice.title', 'io.sluice.storyboard']);
    expect(multivariant(record(), access, { start: 0 })).toContain('\n#EXT-X-START:TIME-OFFSET=0,PRECISE=YES\n');
  });

  it('sends players without variables to the API, with a token', () => {
    const text = multivariant(record(), { way: 'expand', token: 'a.b.c' });
    expect(text).toBe(`#EXTM3U
#EXT-X-VERSION:6
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",NAME="main",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="/api/play/${ID}/audio/main.m3u8?token=a.b.c"
#EXT-X-STREAM-INF:BANDWIDTH=3140000,AVERAGE-BANDWIDTH=2528000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO="audio",CLOSED-CAPTIONS=NONE
/api/play/${ID}/video/720p.m3u8?token=a.b.c
#EXT-X-STREAM-INF:BANDWIDTH=6140000,AVERAGE-BANDWIDTH=4928000,CODECS="avc1.640028,mp4a.40.2",RESOLUTION=1920x1080,FRAME-RATE=29.970,AUDIO="audio",CLOSED-CAPTIONS=NONE
/api/play/${ID}/video/1080p.m3u8?token=a.b.c
#EXT-X-STREAM-INF:BANDWIDTH=1040000,AVERAGE-BANDWIDTH=848000,CODECS="avc1.64001e,mp4a.40.2",RESOLUTION=640x360,FRAME-RATE=29.970,AUDIO="audio",CLOSED-CAPTIONS=NONE
/api/play/${ID}/video/360p.m3u8?token=a.b.c
`);
    parsed(text);
    expect(multivariant(record(), { way: 'expand', token: 't', cookies: true })).toContain(
      `\n/api/play/${ID}/video/720p.m3u8?cookies=1&token=t\n`,
    );
  });

  it('leaves URLs bare with cookies, and the variable that media playlists import harmless', () => {
    const text = multivariant(record(), { way: 'cookies', ticket: TICKET });
    expect(text.split('\n').slice(0, 4)).toEqual([
      '#EXTM3U',
      '#EXT-X-VERSION:8',
      '#EXT-X-DEFINE:NAME="auth",VALUE="signed=cookie"',
      '#EXT-X-INDEPENDENT-SEGMENTS',
    ]);
    expect(text).toContain(`\n/vod/${ID}/s/${TICKET}/r3/video/720p.m3u8\n`);
    expect(text).not.toContain('{$');
    parsed(text);
  });

  it('says nothing of sound where there is none', () => {
    const silent = record({ renditions: record().renditions.filter(({ kind }) => kind === 'video') });
    const text = multivariant(silent, { way: 'define', query: 'q=1', ticket: TICKET });
    expect(text).not.toMatch(/AUDIO|mp4a/);
    expect(text).toContain('#EXT-X-STREAM-INF:BANDWIDTH=3000000,AVERAGE-BANDWIDTH=2400000,CODECS="avc1.64001f",');
    parsed(text);
  });

  it('offers each language once by itself, and what else is in it to who asks for it', () => {
    const sound = record().renditions[3]!;
    const renditions = [
      record().renditions[1]!,
      { ...sound, language: 'de', label: 'Deutsch' },
      { ...sound, name: 'main2', language: 'en', label: 'English' },
      { ...sound, name: 'main3', language: 'de', label: 'Regie', bandwidth: 150_000 },
    ];
    const text = multivariant(record({ renditions }), { way: 'cookies', ticket: TICKET });
    expect(text.split('\n').filter((tag) => tag.startsWith('#EXT-X-MEDIA') || tag.startsWith('#EXT-X-STREAM'))).toEqual(
      [
        `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",LANGUAGE="de",NAME="Deutsch",DEFAULT=YES,AUTOSELECT=YES,CHANNELS="2",URI="/vod/${ID}/s/${TICKET}/r3/audio/main.m3u8"`,
        `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",LANGUAGE="en",NAME="English",DEFAULT=NO,AUTOSELECT=YES,CHANNELS="2",URI="/vod/${ID}/s/${TICKET}/r3/audio/main2.m3u8"`,
        `#EXT-X-MEDIA:TYPE=AUDIO,GROUP-ID="audio",LANGUAGE="de",NAME="Regie",DEFAULT=NO,AUTOSELECT=NO,CHANNELS="2",URI="/vod/${ID}/s/${TICKET}/r3/audio/main3.m3u8"`,
        '#EXT-X-STREAM-INF:BANDWIDTH=3150000,AVERAGE-BANDWIDTH=2528000,CODECS="avc1.64001f,mp4a.40.2",RESOLUTION=1280x720,FRAME-RATE=29.970,AUDIO="audio",CLOSED-CAPTIONS=NONE',
      ],
    );
    expect(parsed(text).variants[0]!.audio.map(({ language, name }) => `${language} ${name}`)).toEqual([
      'de Deutsch',
      'en English',
      'de Regie',
    ]);
  });

  it('of sound alone has the sound for its one variant, and its languages beside it', () => {
    const sound = record().renditions[3]!;
    const alone = multivariant(record({ renditions: [sound] }), { way: 'cookies', ticket: TICKET });
    expect(alone).toBe(`#EXTM3U
#EXT-X-VERSION:8
#EXT-X-DEFINE:NAME="auth",VALUE="signed=cookie"
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-STREAM-INF:BANDWIDTH=140000,AVERAGE-BANDWIDTH=128000,CODECS="mp4a.40.2"
/vod/${ID}/s/${TICKET}/r3/audio/main.m3u8
`);
    expect(parsed(alone).variants).toHaveLength(1);
    const two = [
      { ...sound, language: 'de', label: 'Deutsch' },
      { ...sound, name: 'main2', language: 'en', label: 'English', bandwidth: 150_000 },
    ];
    const text = multivariant(record({ renditions: two }), { way: 'cookies', ticket: TICKET });
    expect(text).toContain(
      '#EXT-X-STREAM-INF:BANDWIDTH=150000,AVERAGE-BANDWIDTH=128000,CODECS="mp4a.40.2",AUDIO="audio"\n',
    );
    expect(parsed(text).variants[0]!.audio.map(({ language }) => language)).toEqual(['de', 'en']);
  });

  it('offers text tracks, beside the revision, and shows none by itself', () => {
    const texts = [
      { id: 'abc123', language: 'de', label: 'Deutsch', origin: 'added' as const, cues: 2 },
      { id: 'r3s2', label: 'main', origin: 'file' as const, cues: 2 },
      { id: 'def456', language: 'de', label: 'Deutsch (für Hörgeschädigte)', origin: 'added' as const, cues: 3 },
    ];
    const text = multivariant(record({ texts }), { way: 'define', query: 'q=1', ticket: TICKET });
    expect(text.split('\n').filter((tag) => tag.includes('TYPE=SUBTITLES'))).toEqual([
      `#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",LANGUAGE="de",NAME="Deutsch",DEFAULT=NO,AUTOSELECT=YES,URI="/vod/${ID}/s/${TICKET}/text/abc123.m3u8?{$auth}"`,
      `#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",NAME="main",DEFAULT=NO,AUTOSELECT=YES,URI="/vod/${ID}/s/${TICKET}/text/r3s2.m3u8?{$auth}"`,
      `#EXT-X-MEDIA:TYPE=SUBTITLES,GROUP-ID="text",LANGUAGE="de",NAME="Deutsch (für Hörgeschädigte)",DEFAULT=NO,AUTOSELECT=NO,URI="/vod/${ID}/s/${TICKET}/text/def456.m3u8?{$auth}"`,
    ]);
    const variants = text.split('\n').filter((tag) => tag.startsWith('#EXT-X-STREAM-INF'));
    for (const tag of variants) expect(tag).toContain(',SUBTITLES="text",CLOSED-CAPTIONS=NONE');
    expect(parsed(text).variants[0]!.subtitles).toHaveLength(3);
    expect(multivariant(record({ texts }), { way: 'expand', token: 't' })).toContain(
      `URI="/api/play/${ID}/text/abc123.m3u8?token=t"`,
    );
  });

  it.each([
    ['one rung only', ['234p'], [300_000], '234p'],
    ['nothing near it', ['2160p', '1440p'], [16_000_000, 9_000_000], '1440p'],
  ])('leads with the best there is: %s', (_, names, rates, first) => {
    const renditions = names.map((name, i) => ({
      ...record().renditions[0]!,
      name,
      bandwidth: rates[i]!,
      averageBandwidth: rates[i]!,
    }));
    const text = multivariant(record({ renditions }), { way: 'cookies', ticket: TICKET });
    expect(parsed(text).variants[0]!.uri).toContain(first);
    expect(parsed(text).variants).toHaveLength(names.length);
  });
});

describe('an expanded media playlist', () => {
  const path = `/${playlistKey(record(), 'video', '720p')}`;

  it('signs every URL and imports nothing', () => {
    const text = expand(MEDIA_PLAYLIST, path, 'Policy=a~&Signature=b$&');
    expect(text).toBe(`#EXTM3U
#EXT-X-VERSION:8
#EXT-X-TARGETDURATION:6
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="/vod/${ID}/r3/video/720p/init.mp4?Policy=a~&Signature=b$&"
#EXTINF:6.006,
/vod/${ID}/r3/video/720p/00001.m4s?Policy=a~&Signature=b$&
#EXTINF:2.002,
/vod/${ID}/r3/video/720p/00002.m4s?Policy=a~&Signature=b$&
#EXT-X-ENDLIST
`);
    const seen = parse(text);
    if (seen.isMasterPlaylist) throw new Error('not a media playlist');
    expect(seen.segments.map((segment) => segment.duration)).toEqual([6.006, 2.002]);
    expect(seen.segments[0]!.map).toMatchObject({ uri: expect.stringContaining('/init.mp4?Policy') as string });
  });

  it('has keys in the ticket that the segments are in, under the same signature', () => {
    const inside = `/vod/${ID}/s/${TICKET}/r3/video/720p.m3u8`;
    const shared = '#EXT-X-KEY:METHOD=AES-128,URI="720p/00001.key?{$auth}",IV=0x00\n720p/00001.m4s?{$auth}\n';
    const [folder, signature] = [`/vod/${ID}/s/${TICKET}/r3/video`, 'Policy=a~&Signature=b'];
    expect(expand(shared, inside, signature)).toBe(
      `#EXT-X-KEY:METHOD=AES-128,URI="${folder}/720p/00001.key?${signature}",IV=0x00\n${folder}/720p/00001.m4s?${signature}\n`,
    );
    expect(expand(shared, inside, undefined)).toBe(
      `#EXT-X-KEY:METHOD=AES-128,URI="${folder}/720p/00001.key",IV=0x00\n${folder}/720p/00001.m4s\n`,
    );
  });

  it('keeps other definitions and absolute addresses', () => {
    const text = expand('#EXT-X-DEFINE:NAME="x",VALUE="y"\nhttps://other.example/1.ts\n#EXT-X-GAP\n', path, 'q');
    expect(text).toBe('#EXT-X-DEFINE:NAME="x",VALUE="y"\nhttps://other.example/1.ts\n#EXT-X-GAP\n');
  });
});
