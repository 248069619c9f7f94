/** A live stream with B pictures, as the ingest task writes it, in Chromium: shown in order, each at its time, to the end. */
import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium } from 'playwright-core';
import { expect, it } from 'vitest';
import { Segmenter, type Segment } from '../../../containers/ingest/src/hls/segmenter.ts';
import { lacks, reorderedVideo, videoUnit } from '../../containers/ingest/streams.ts';
import { BROWSER } from '../../support/browser.ts';
import { fileServer } from '../../support/file-server.ts';

const SECONDS = 6;
const missing = lacks('libx264');
const require = createRequire(import.meta.url);

const PLAYERS = {
  'hls.js': [
    'hls.js/dist/hls.min.js',
    // A stall that ends by itself is one of the machine's speed.
    `const hls = new Hls(); hls.on('hlsError', (_, { details, fatal }) => { if (fatal || details !== 'bufferStalledError') errors.push(details); });
     hls.loadSource('/main.m3u8'); hls.attachMedia(video);`,
  ],
  Shaka: [
    'shaka-player/dist/shaka-player.compiled.js',
    `const player = new shaka.Player(); player.addEventListener('error', ({ detail }) => errors.push(String(detail.code)));
     player.attach(video).then(() => player.load('/main.m3u8')).then(() => video.play());`,
  ],
} as const;

function files(): Map<string, Buffer> {
  const segments: Segment[] = [];
  const segmenter = new Segmenter({}, (segment) => segments.push(segment));
  for (const { data, shown } of reorderedVideo('h264', SECONDS)) segmenter.push(videoUnit(data, 9_000_000 + shown));
  segmenter.end();
  const lines = segments.flatMap(({ duration }, i) => [`#EXTINF:${(duration / 1000).toFixed(3)},`, `/${i}.m4s`]);
  const media = [
    '#EXTM3U',
    '#EXT-X-VERSION:7',
    '#EXT-X-TARGETDURATION:2',
    '#EXT-X-MAP:URI="/init.mp4"',
    ...lines,
    '#EXT-X-ENDLIST',
  ];
  const { codecs } = segments[0]!.init;
  const main = ['#EXTM3U', `#EXT-X-STREAM-INF:BANDWIDTH=500000,CODECS="${codecs}"`, '/media.m3u8'];
  return new Map([
    ['/main.m3u8', Buffer.from(main.join('\n'))],
    ['/media.m3u8', Buffer.from(media.join('\n'))],
    ['/init.mp4', segments[0]!.init.data],
    ...segments.map(({ parts }, i) => [`/${i}.m4s`, Buffer.concat(parts)] as const),
  ]);
}

it.skipIf(missing !== '').concurrent.each(Object.keys(PLAYERS) as (keyof typeof PLAYERS)[])(
  `%s${missing}`,
  async (name) => {
    const [script, load] = PLAYERS[name];
    const served = files();
    served.set('/player.js', readFileSync(require.resolve(script)));
    const page = `<!doctype html><video muted></video><script src="/player.js"></script><script>
    const video = document.querySelector('video'); const errors = []; const shown = []; const stalls = [];
    const next = (_, { mediaTime }) => { shown.push(mediaTime); video.requestVideoFrameCallback(next); };
    video.requestVideoFrameCallback(next);
    ${load}
    video.play();
  </script>`;
    served.set('/', Buffer.from(page));
    const TYPES: Record<string, string> = { '/': 'text/html', '/player.js': 'text/javascript' };
    const server = await fileServer(({ url = '' }, response) => {
      const body = served.get(url);
      const type = TYPES[url] ?? (url.endsWith('m3u8') ? 'application/vnd.apple.mpegurl' : 'video/mp4');
      response.writeHead(body === undefined ? 404 : 200, { 'content-type': type }).end(body);
    });
    const browser = await chromium.launch(BROWSER);
    try {
      const tab = await browser.newPage();
      await tab.goto(`${server.url}/`);
      // The last picture may be shown a moment after the end.
      const isOver = `(video.ended && shown.at(-1) > ${SECONDS} - 0.5) || errors.length > 0`;
      await tab.waitForFunction(isOver, undefined, { timeout: 120_000 });
      const seen = (await tab.evaluate(`({
      errors, shown, duration: video.duration,
      ranges: Array.from({ length: video.buffered.length }, (_, i) => [video.buffered.start(i), video.buffered.end(i)]),
    })`)) as { errors: string[]; shown: number[]; duration: number; ranges: [number, number][] };
      expect(seen.errors).toEqual([]);
      expect(seen.duration).toBeCloseTo(SECONDS, 0);
      expect(seen.ranges).toHaveLength(1);
      expect(seen.ranges[0]![0]).toBeCloseTo(0, 2);
      // A busy machine leaves pictures out; those that are shown are in order, and at the camera's times.
      expect(seen.shown.length).toBeGreaterThan(SECONDS);
      seen.shown.forEach((time, i) => {
        expect(time).toBeGreaterThanOrEqual(seen.shown[i - 1] ?? 0);
        expect(Math.abs(time * 25 - Math.round(time * 25))).toBeLessThan(0.05);
      });
      expect(seen.shown.at(-1)).toBeGreaterThan(SECONDS - 0.5);
    } finally {
      await browser.close();
      await server.close();
    }
  },
);
