/** The layer's own binaries, as built: what they can do, and above all what they cannot. Builds them when needed. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, readdirSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ensureLayer, type LayerArch } from '../../lib/constructs/ffmpeg-layer-cache.ts';

const arch: LayerArch = process.arch === 'arm64' ? 'arm64' : 'x86_64';
const folder = mkdtempSync(join(tmpdir(), 'sluice-layer-test-'));
let layer: string;

beforeAll(async () => {
  layer = await ensureLayer(arch);
}, 15 * 60_000);
afterAll(() => rmSync(folder, { recursive: true }));

/** Runs a binary of the layer; `output` is what it printed, both streams. */
function run(name: 'ffmpeg' | 'ffprobe', ...args: string[]): { status: number | null; output: string } {
  const { status, stdout, stderr } = spawnSync(join(layer, 'bin', name), ['-hide_banner', ...args], {
    encoding: 'utf8',
    input: '',
  });
  return { status, output: stdout + stderr };
}

/** Names in ffmpeg's lists: the second column, commas separate aliases. */
const list = (kind: string): string[] =>
  run('ffmpeg', `-${kind}`)
    .output.split('\n')
    .flatMap((line) => line.trim().split(/\s+/)[1]?.split(',') ?? []);

describe('what is built in', () => {
  it('has the protocols file and pipe, both ways, and no other', () => {
    for (const name of ['ffmpeg', 'ffprobe'] as const) {
      const lines = run(name, '-protocols').output.trim().split('\n');
      expect(lines.map((line) => line.trim())).toEqual([
        'Supported file protocols:',
        'Input:',
        'file',
        'pipe',
        'Output:',
        'file',
        'pipe',
      ]);
    }
  });

  it('opens the containers people upload, and none that opens further files', () => {
    const demuxers = list('demuxers');
    for (const name of 'mov mp4 matroska webm mpegts mpeg avi flv asf ogg wav mp3 aac h264 hevc lavfi'.split(' ')) {
      expect(demuxers).toContain(name);
    }
    for (const name of ['hls', 'dash', 'concat', 'image2', 'sdp', 'rtsp', 'ffmetadata', 'tee']) {
      expect(demuxers).not.toContain(name);
    }
  });

  it.each([
    [
      'decoders',
      'h264 hevc mpeg1video mpeg2video mpeg4 msmpeg4v2 wmv3 vc1 flv vp8 vp9 libdav1d theora prores dnxhd mjpeg',
    ],
    ['decoders', 'aac mp3 ac3 eac3 opus vorbis flac pcm_s16le pcm_s24be pcm_mulaw wmav2 alac adpcm_ms adpcm_ima_wav'],
    ['encoders', 'libx264 aac mjpeg png libwebp'],
    ['muxers', 'mp4 mov hls mpegts segment image2 null webp'],
    [
      'filters',
      'scale fps format split asplit setsar transpose hflip vflip aresample thumbnail select yadif bwdif pad crop',
    ],
    ['filters', 'testsrc2 sine color'],
  ])('has the %s slicing needs: %s', (kind, names) => {
    expect(list(kind)).toEqual(expect.arrayContaining(names.split(' ')));
  });

  it('is static and small', () => {
    for (const name of ['ffmpeg', 'ffprobe']) {
      const path = join(layer, 'bin', name);
      expect(statSync(path).size).toBeLessThan(20_000_000);
      // PT_INTERP's path: a dynamic executable names its loader.
      expect(readFileSync(path).includes('/ld-linux')).toBe(false);
    }
  });
});

describe('what it does', () => {
  const source = ['-f', 'lavfi', '-i', 'testsrc2=s=320x180:r=25:d=1', '-f', 'lavfi', '-i', 'sine=d=1:r=48000'];
  const codecs = ['-c:v', 'libx264', '-preset', 'ultrafast', '-pix_fmt', 'yuv420p', '-c:a', 'aac'];

  it('cuts generated video and sound into fMP4 HLS that decodes without a word', () => {
    const out = mkdtempSync(join(folder, 'hls-'));
    const hls = ['-g', '10', '-f', 'hls', '-hls_time', '0.4', '-hls_playlist_type', 'vod', '-hls_segment_type', 'fmp4'];
    const made = run('ffmpeg', '-v', 'error', ...source, ...codecs, ...hls, join(out, 'main.m3u8'));
    expect(made).toEqual({ status: 0, output: '' });

    const playlist = readFileSync(join(out, 'main.m3u8'), 'utf8');
    const segments = playlist.split('\n').filter((line) => line.endsWith('.m4s'));
    expect(segments).toHaveLength(3);
    expect(readdirSync(out).toSorted()).toEqual(['init.mp4', 'main.m3u8', ...segments].toSorted());
    const joined = join(out, 'joined.mp4');
    writeFileSync(joined, Buffer.concat(['init.mp4', ...segments].map((name) => readFileSync(join(out, name)))));
    expect(run('ffmpeg', '-v', 'error', '-threads', '2', '-i', joined, '-f', 'null', '-')).toEqual({
      status: 0,
      output: '',
    });
    expect(count(joined)).toEqual({ h264: 25, aac: expect.closeTo(47, -1) as number });
  });

  it('reads what it wrote as MPEG-TS from a pipe, and makes stills of it', () => {
    const ts = execFileSync(join(layer, 'bin/ffmpeg'), ['-v', 'error', ...source, ...codecs, '-f', 'mpegts', '-'], {
      maxBuffer: 1 << 24,
    });
    expect(ts[0]).toBe(0x47);
    for (const [name, magic] of [
      ['a.jpg', 'ffd8ff'],
      ['a.png', '89504e47'],
      ['a.webp', '52494646'],
    ] as const) {
      const still = join(folder, name);
      execFileSync(
        join(layer, 'bin/ffmpeg'),
        ['-v', 'error', '-i', '-', '-vf', 'thumbnail,scale=160:-2', '-frames:v', '1', still],
        {
          input: ts,
        },
      );
      expect(readFileSync(still).toString('hex').startsWith(magic)).toBe(true);
    }
  });

  /** Decoded frames by codec. */
  function count(path: string): Record<string, number> {
    const { output } = run('ffprobe', '-v', 'error', '-count_frames', '-of', 'json', '-show_streams', path);
    const streams = z.object({
      streams: z.array(z.object({ codec_name: z.string(), nb_read_frames: z.coerce.number() })),
    });
    return Object.fromEntries(
      streams.parse(JSON.parse(output)).streams.map((one) => [one.codec_name, one.nb_read_frames]),
    );
  }
});

describe('a hostile input', () => {
  let server: Server;
  let address: string;
  let connections = 0;

  beforeAll(async () => {
    server = createServer((_, response) => response.end('x')).on('connection', () => connections++);
    server.listen(0, '127.0.0.1');
    await once(server, 'listening');
    address = `127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterAll(() => server.close());

  // `spawn`, not `spawnSync`: the server lives in this process and must be able to notice a connection.
  async function refused(args: string[]): Promise<boolean> {
    const child = spawn(join(layer, 'bin/ffmpeg'), ['-v', 'error', ...args, '-f', 'null', '-'], {
      stdio: 'ignore',
    });
    const [code] = (await once(child, 'close')) as [number | null];
    return code !== 0;
  }

  it('never reaches the network', async () => {
    const playlist = join(folder, 'hostile.m3u8');
    const head = '#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n';
    writeFileSync(playlist, `${head}http://${address}/a.ts\n#EXT-X-ENDLIST\n`);
    const concat = join(folder, 'hostile.ffconcat');
    writeFileSync(concat, `ffconcat version 1.0\nfile 'http://${address}/a.mp4'\n`);
    const sdp = join(folder, 'hostile.sdp');
    writeFileSync(sdp, 'v=0\nc=IN IP4 127.0.0.1\nm=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n');
    const open = ['-protocol_whitelist', 'file,pipe,http,https,tcp,tls,udp,rtp,crypto,data,concat'];

    for (const file of [playlist, concat, sdp]) {
      expect(await refused(['-i', file])).toBe(true);
      expect(await refused([...open, '-i', file])).toBe(true);
    }
    expect(await refused(['-f', 'hls', '-i', playlist])).toBe(true);
    expect(await refused(['-f', 'concat', '-safe', '0', '-i', concat])).toBe(true);
    for (const scheme of ['http://', 'tcp://', 'hls+http://', 'cache:http://', 'async:http://']) {
      expect(await refused([...open, '-i', `${scheme}${address}/a.mp4`])).toBe(true);
    }
    expect(await refused(['-i', `concat:${playlist}|${playlist}`])).toBe(true);
    expect(connections).toBe(0);
    await (await fetch(`http://${address}/`)).text();
    expect(connections).toBe(1); // the server would have noticed
  });

  it('cannot read a local file through a playlist', async () => {
    const secret = join(folder, 'secret.ts');
    const make = ['-f', 'lavfi', '-i', 'testsrc2=d=0.2', '-c:v', 'libx264', secret];
    expect(run('ffmpeg', '-v', 'error', ...make)).toEqual({ status: 0, output: '' });
    const playlist = join(folder, 'local.m3u8');
    writeFileSync(playlist, `#EXTM3U\n#EXT-X-TARGETDURATION:1\n#EXTINF:1,\n${secret}\n#EXT-X-ENDLIST\n`);
    expect(await refused(['-i', playlist])).toBe(true);
    expect(await refused(['-i', secret])).toBe(false);
  });
});

describe('the list of what is inside', () => {
  const text = z.string().min(1);
  const sbom = z.object({
    bomFormat: z.literal('CycloneDX'),
    specVersion: z.literal('1.5'),
    metadata: z.object({ component: z.object({ name: text, version: text }) }),
    components: z.array(
      z.object({
        type: z.enum(['library', 'file']),
        name: text,
        version: text,
        licenses: z.tuple([z.object({ expression: text })]),
        purl: z.string().startsWith('pkg:deb/debian/').optional(),
        hashes: z.array(z.object({ alg: z.literal('SHA-256'), content: text })).optional(),
      }),
    ),
  });

  /** Debian's source package where it is not called like its library. */
  const SOURCES: Record<string, string> = { libgcc: 'gcc-12' };

  it('names every part with version, licence and source package', () => {
    const { components } = sbom.parse(JSON.parse(readFileSync(join(layer, 'sbom.cdx.json'), 'utf8')));
    const licences = Object.fromEntries(components.map((one) => [one.name, one.licenses[0].expression]));
    expect(licences).toEqual({
      'bin/ffmpeg': 'GPL-2.0-or-later',
      'bin/ffprobe': 'GPL-2.0-or-later',
      ffmpeg: 'GPL-2.0-or-later',
      x264: 'GPL-2.0-or-later',
      dav1d: 'BSD-2-Clause',
      libwebp: 'BSD-3-Clause',
      zlib: 'Zlib',
      glibc: 'LGPL-2.1-or-later',
      libgcc: 'GPL-3.0-or-later WITH GCC-exception-3.1',
    });
    const purls = components.filter((one) => one.type === 'library').map((one) => decodeURIComponent(one.purl ?? ''));
    expect(purls).toEqual(
      components
        .filter((one) => one.type === 'library')
        .map((one) => `pkg:deb/debian/${SOURCES[one.name] ?? one.name}@${one.version}?arch=source&distro=debian-12`),
    );
  });

  it('carries the licence texts and the hashes of the binaries beside it', () => {
    const { components } = sbom.parse(JSON.parse(readFileSync(join(layer, 'sbom.cdx.json'), 'utf8')));
    const names = ['dav1d', 'ffmpeg', 'gcc', 'glibc', 'libwebp', 'x264', 'zlib'];
    expect(readdirSync(join(layer, 'licenses')).toSorted()).toEqual(names.map((name) => `${name}.txt`));
    for (const name of ['bin/ffmpeg', 'bin/ffprobe']) {
      const [sum] = execFileSync('sha256sum', [join(layer, name)], { encoding: 'utf8' }).split(' ');
      expect(components.find((one) => one.name === name)?.hashes?.[0]?.content).toBe(sum);
    }
  });
});
