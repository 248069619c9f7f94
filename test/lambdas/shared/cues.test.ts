import { Parser } from 'm3u8-parser';
import { describe, expect, it } from 'vitest';
import {
  cleanWebVtt,
  escapeText,
  fromSubRip,
  MAX_CUE_LENGTH,
  MAX_CUES,
  parseCues,
  textPlaylist,
  writeWebVtt,
} from '../../../lambdas/shared/cues.ts';

const SRT = `\uFEFF1\r
00:00:01,500 --> 00:00:04,000\r
<i>Grüße</i> & <b>Küsse</b>\r
von 5 < 6 <font color="red">rot</font>\r
\r
2\r
01:02:03,004 --> 01:02:05,000 X1:10 X2:20\r
{\\an8}oben <script>\r
`;

describe('SubRip', () => {
  it('becomes cues with their times, simple markup and nothing that would be taken for markup', () => {
    expect(parseCues(SRT)).toEqual([
      { start: 1.5, end: 4, text: '<i>Grüße</i> &amp; <b>Küsse</b>\nvon 5 &lt; 6 rot' },
      { start: 3723.004, end: 3725, text: 'oben &lt;script&gt;', settings: 'line:0' },
    ]);
  });

  it('takes line ends of every kind, points for commas, no numbers, and cues out of order', () => {
    const text = '00:00:09.5 --> 00:00:10,0\nzwei\n\n\n7\r0:0:1,500 --> 0:00:02,500\reins';
    expect(parseCues(text).map(({ start, text: said }) => [start, said])).toEqual([
      [1.5, 'eins'],
      [9.5, 'zwei'],
    ]);
  });

  it.each([
    ['no captions', 'Dear all,\nhello', /^line 1: expected times/],
    ['nothing', '\n\n', /^line 1: there are no captions/],
    ['a number without times', '1\n00:00:01,000 --> 00:00:02,000\na\n\n2\nb\n', /^line 6: expected times/],
    ['a minute of 75', '1\n00:75:01,000 --> 00:76:02,000\na\n', /^line 2: expected times/],
    ['a day of 100 hours', '100:00:01,000 --> 100:00:02,000\na\n', /^line 1: times of more than 99 hours/],
    ['an end after 99 hours', '99:00:01,000 --> 100:00:02,000\na\n', /^line 1: times of more than 99 hours/],
    ['a number alone', '1\n\n2\n00:00:02,000 --> 00:00:03,000\na\n', /^line 2: expected times/],
    ['an end before the beginning', '2\n00:00:02,000 --> 00:00:01,000\na\n', /^line 2: the cue ends before/],
    ['an end at the beginning', '00:00:02,000 --> 00:00:02,000\na\n', /^line 1: the cue ends before/],
    ['no blank line', '1\n00:00:01,000 --> 00:00:02,000\na\n2\n00:00:03,000 --> 00:00:04,000\nb', /^line 5: a blank/],
    ['a cue without end', `00:00:01,000 --> 00:00:02,000\n${'a'.repeat(MAX_CUE_LENGTH + 1)}`, /^line 2: a cue of more/],
    ['too many', '0:0:1,0 --> 0:0:2,0\na\n\n'.repeat(MAX_CUES + 1), /^line 60001: more than 20000/],
  ])('%s is refused by its line', (_, text, message) => {
    expect(() => parseCues(text)).toThrow(message);
  });

  it('may have arrows in its text, and leaves out characters that are none', () => {
    const text = '1\n00:00:01,000 --> 00:00:02,000\na --> b\u001A\u0000c\td\n\n\u001A';
    expect(parseCues(text).map((cue) => cue.text)).toEqual(['a --&gt; bc\td']);
    // Also of a text track inside a video.
    expect([fromSubRip('a\u0000b'), cleanWebVtt('a\u001Ab'), escapeText('a\u0008b')]).toEqual(['ab', 'ab', 'ab']);
  });

  it('is read once, however it is built', () => {
    for (const bad of [
      '<a'.repeat(999),
      '&'.repeat(1999),
      '{\\'.repeat(999),
      '<'.repeat(1999),
      `<${'a'.repeat(1990)}`,
    ]) {
      const cue = `00:00:01,000 --> 00:00:02,000\n${bad}\n\n`;
      const started = process.cpuUsage().user;
      expect(parseCues(cue.repeat(190))).toHaveLength(190);
      // Microseconds of processor time: what reads a cue twice for each of its characters takes minutes.
      expect(process.cpuUsage(undefined).user - started).toBeLessThan(20e6);
    }
  });
});

describe('WebVTT', () => {
  it('may begin with a cue right below its header', () => {
    const second = '\n\n00:03.000 --> 00:04.000\ntwo';
    for (const first of ['00:01.000 --> 00:02.000\none', 'X: y\n00:01.000 --> 00:02.000\none'])
      expect(parseCues(`WEBVTT\n${first}${second}`).map(({ start, text }) => [start, text])).toEqual([
        [1, 'one'],
        [3, 'two'],
      ]);
  });

  const VTT = `WEBVTT - a title
X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:900000

STYLE
::cue { color: red }

NOTE nobody --> sees this

intro
00:01.000 --> 00:02.000 line:0 position:20% region:x onclick:1
<v Anna>Hi <c.loud>there</c> &amp; you</v> <x>

00:00:03.000 --> 00:00:04.000
<00:00:03.500>late & 1 < 2
`;

  it('keeps what is its own and drops what players differ on', () => {
    expect(parseCues(VTT)).toEqual([
      {
        start: 1,
        end: 2,
        text: '<v Anna>Hi <c.loud>there</c> &amp; you</v> &lt;x&gt;',
        settings: 'line:0 position:20%',
      },
      { start: 3, end: 4, text: '<00:00:03.500>late &amp; 1 &lt; 2' },
    ]);
  });

  const mapped = (map: string, ...times: string[]) =>
    parseCues(`WEBVTT\nX-TIMESTAMP-MAP=${map}\n${times.map((time) => `\n${time}\nsaid\n`).join('')}`);

  it.each(['LOCAL:00:00:10.000,MPEGTS:0', 'MPEGTS:900000,LOCAL:00:10.000', 'LOCAL:00:00:10.000'])(
    'is counted from where its media begin: %s',
    (map) => {
      const cues = mapped(map, '00:11.000 --> 00:12.100', '00:08.000 --> 00:09.000', '00:09.000 --> 00:11.500');
      expect(cues.map(({ start, end }) => [start, end])).toEqual([
        [0, 1.5],
        [1, 2.1],
      ]);
    },
  );

  it.each(['LOCAL:ten', 'LOCAL:00:99:10.000,MPEGTS:0', 'LOCAL:00:00:01.000,LOCAL:00:00:02.000', '', 'MPEGTS:x'])(
    'is refused by the line that says it where that cannot be read: %s',
    (map) => expect(() => mapped(map, '00:11.000 --> 00:12.000')).toThrow(/^line 2: expected `X-TIMESTAMP-MAP/),
  );

  it('has the characters that its references stand for, and nothing that ends a cue or begins a tag', () => {
    expect(cleanWebVtt('&quot;Caf&eacute;&quot; &apos;x&apos; &Auml;&#228;&#xE4; &#146; &hellip; &nbsp;&rlm;')).toBe(
      '"Café" \'x\' Ää\u00E4 ’ … &nbsp;&rlm;',
    );
    expect(cleanWebVtt('a&#10;&#13;b &#60;i&#x3E; &#38;lt; --&#62; &#0;&#xD800;&#x110000;')).toBe(
      'a  b &lt;i&gt; &amp;lt; --&gt; \uFFFD\uFFFD\uFFFD',
    );
    expect(cleanWebVtt('&larr; &; AT&T; &noSuch; & &eacute')).toBe('← &amp;; AT&amp;T; &noSuch; &amp; &amp;eacute');
    // Other names of what is written by one.
    expect(cleanWebVtt('&LT;b&GT; &AMP;lt; a&NewLine;b')).toBe('&lt;b&gt; &amp;lt; a b');
    expect(fromSubRip('&quot;&eacute;&quot; &larr; &nothing;')).toBe('"é" ← &amp;nothing;');
  });

  it('is written with the moment that media begin at, and read again as it was', () => {
    const text = writeWebVtt(parseCues(SRT));
    expect(text).toBe(`WEBVTT
X-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:90000

00:00:01.500 --> 00:00:04.000
<i>Grüße</i> &amp; <b>Küsse</b>
von 5 &lt; 6 rot

01:02:03.004 --> 01:02:05.000 line:0
oben &lt;script&gt;
`);
    expect(parseCues(text)).toEqual(parseCues(SRT));
    // Of MediaConvert's, which begin elsewhere.
    expect(writeWebVtt(parseCues(SRT), 0)).toContain('\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000,MPEGTS:0\n');
  });

  it('has a playlist of one segment, as long as the video', () => {
    const text = textPlaylist('abc', 61.25);
    expect(text).toBe(`#EXTM3U
#EXT-X-VERSION:8
#EXT-X-TARGETDURATION:62
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-DEFINE:IMPORT="auth"
#EXTINF:61.250,
abc.vtt?{$auth}
#EXT-X-ENDLIST
`);
    const parser = new Parser();
    parser.push(text);
    parser.end();
    expect((parser.manifest as unknown as { segments: { duration: number }[] }).segments).toMatchObject([
      { duration: 61.25 },
    ]);
  });
});
