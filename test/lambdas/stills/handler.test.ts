/** Posters that people choose, on the engine, with real ffmpeg: the right frame, a stranger's picture, and who may. */
import {
  DeleteObjectCommand,
  GetObjectCommand,
  ListObjectsV2Command,
  PutObjectCommand,
  S3Client,
} from '@aws-sdk/client-s3';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { inspect } from '../../../lambdas/slicing/inspect.ts';
import { describe as describeRendition, mediaPlaylist } from '../../../lambdas/slicing/playlists.ts';
import { grayPixels } from '../../../lambdas/slicing/storyboard.ts';
import { playlistPath, posterPath, revisionPrefix } from '../../../lib/contract/keys.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';
import { pictureFacts, pictureMovie } from '../../../lib/media/picture.ts';
import { idOf, aRecord } from '../catalog/record.ts';
import { callRoute, startHandlerEngine, type Call } from '../engine.ts';
import { encodeFile, ffmpeg, fileSource, H264, workFolder } from '../slicing/media.ts';
import { OPTIONS } from '../slicing/options.ts';

let close = async () => {};
let handler: typeof import('../../../lambdas/stills/handler.ts').handler;
let s3: S3Client;
let table: DynamoDBDocumentClient;
let folder: string;
let remove: () => Promise<void>;
const at = (name: string) => join(folder, name);
const id = idOf(1);
let record: VideoRecord;

/** Frames whose brightness says the second they are in. */
const stepOf = (time: number) => ((40 + 20 * Math.floor(time + 0.001) - 16) * 255) / 219;

beforeAll(async () => {
  close = await startHandlerEngine({});
  s3 = new S3Client({ forcePathStyle: true });
  table = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
  ({ handler } = await import('../../../lambdas/stills/handler.ts'));
  ({ folder, remove } = await workFolder());
  const graph = "color=black:s=320x180:r=30:d=6,geq=lum='40+20*floor(T+0.001)':cb=128:cr=128";
  await ffmpeg('-f', 'lavfi', '-i', graph, ...H264, '-g', '60', '-bf', '2', at('steps.mp4'));
  const source = await fileSource(at('steps.mp4'));
  const fetchWhole = async () => undefined;
  const found = await inspect({ source, path: at('stand-in'), fetchWhole, options: OPTIONS, timeoutMs: 30_000 });
  const { result, plan, files } = await encodeFile(at('steps.mp4'), found);
  const put = (path: string, Body: Buffer | string) =>
    s3.send(
      new PutObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key: `${revisionPrefix(id, 1)}${path}`, Body }),
    );
  for (const [path, { bytes }] of files) await put(path, bytes);
  for (const one of result.renditions) await put(playlistPath(one.kind, one.name), mediaPlaylist(one, 'fmp4'));
  const renditions = result.renditions.map((one) => describeRendition(one, plan));
  record = aRecord({ id, revision: 1, renditions, hasPoster: true, visibility: 'entitled' });
}, 180_000);
afterAll(async () => {
  await remove?.();
  await close();
});

const store = (over: Partial<VideoRecord> = {}) =>
  table.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: { ...record, ...over } }));
const stored = async () =>
  (await table.send(new GetCommand({ TableName: process.env['VIDEOS_TABLE'], Key: { id }, ConsistentRead: true })))
    .Item as VideoRecord;
beforeEach(async () => {
  await store();
  for (const name of await posters())
    await s3.send(
      new DeleteObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key: `${revisionPrefix(id, 1)}${name}` }),
    );
  await s3.send(
    new PutObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key: `${revisionPrefix(id, 1)}poster.jpg`, Body: 'x' }),
  );
});

const olga = { sub: 'olga', groups: ['uploader'] };
const choose = (body: unknown, as: Call['as'] = olga) =>
  callRoute(handler, 'PUT /api/videos/{id}/poster', { as, params: { id }, body });
const posters = async () => {
  const listed = await s3.send(
    new ListObjectsV2Command({ Bucket: process.env['MEDIA_BUCKET'], Prefix: `${revisionPrefix(id, 1)}poster` }),
  );
  return (listed.Contents ?? []).map(({ Key }) => Key!.replace(revisionPrefix(id, 1), ''));
};

/** The chosen poster, as it is served. */
async function poster(): Promise<Buffer> {
  const { poster: hash, hasPoster } = await stored();
  expect(hasPoster).toBe(true);
  const Key = `${revisionPrefix(id, 1)}${posterPath(hash)}`;
  const { Body, ContentType, CacheControl } = await s3.send(
    new GetObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key }),
  );
  expect([ContentType, CacheControl]).toEqual(['image/jpeg', 'public, max-age=31536000, immutable']);
  // One poster at a time.
  expect(await posters()).toEqual([posterPath(hash)]);
  return Buffer.from(await Body!.transformToByteArray());
}

/** Average brightness of a part of it, 0 to 255. */
async function gray(jpeg: Buffer, part = 'null'): Promise<number> {
  await writeFile(at('p.mov'), pictureMovie(jpeg, pictureFacts(jpeg)!));
  const out = ['-c:v', 'png', '-pred', 'none', '-frames:v', '1', '-update', '1', '-f', 'image2', at('p.png')];
  await ffmpeg('-i', at('p.mov'), '-vf', `${part},format=gray`, ...out);
  const pixels = grayPixels(await readFile(at('p.png')));
  return pixels.reduce((sum, value) => sum + value, 0) / pixels.length;
}

describe('a frame of the video', () => {
  it.each([0, 1.97, 2, 3.4, 5.99, 6.4])('at %f s is what is on then', async (time) => {
    expect((await choose({ time })).status).toBe(204);
    expect(Math.abs((await gray(await poster())) - stepOf(Math.min(time, 5.99)))).toBeLessThan(4);
  });

  it('is named by its content: the same again is the same, another one another', async () => {
    await choose({ time: 1 });
    const first = (await stored()).poster;
    await choose({ time: 1 });
    expect((await stored()).poster).toBe(first);
    await choose({ time: 4 });
    expect((await stored()).poster).not.toBe(first);
    await poster();
  });

  it('is refused after the end, and where there is no picture', async () => {
    expect(await choose({ time: 60 })).toMatchObject({ status: 409, json: { code: 'conflict' } });
    await store({ renditions: [] });
    expect(await choose({ time: 0 })).toMatchObject({ status: 409, json: { code: 'conflict' } });
    await store({ status: 'probed', revision: 0 });
    expect(await choose({ time: 0 })).toMatchObject({ status: 409, json: { code: 'not-ready' } });
  });
});

const image = (bytes: Buffer) => ({ image: bytes.toString('base64') });

/** A picture as a camera writes one: dark above, light below, and where it was taken. */
async function photo(name: string, size: string): Promise<Buffer> {
  const filter = `color=black:s=${size}:d=1:r=1,geq=lum='if(lt(Y,H/2),40,220)':cb=128:cr=128`;
  await ffmpeg('-f', 'lavfi', '-i', filter, '-frames:v', '1', '-update', '1', '-q:v', '3', at(name));
  return readFile(at(name));
}

/** With an Exif segment in front of the rest: orientation, and words that are to be gone. */
function withExif(jpeg: Buffer, orientation: number): Buffer {
  const tiff = Buffer.from('4d4d002a00000008000101120003000000010000000000000000', 'hex');
  tiff.writeUInt16BE(orientation, 18);
  const content = Buffer.concat([Buffer.from('Exif\0\0', 'latin1'), tiff, Buffer.from('+31.2304+121.4737/')]);
  const length = Buffer.alloc(2);
  length.writeUInt16BE(content.length + 2);
  return Buffer.concat([jpeg.subarray(0, 2), Buffer.from('ffe1', 'hex'), length, content, jpeg.subarray(2)]);
}

describe('a picture', () => {
  it.each(['photo.jpg', 'photo.png'])('%s is drawn anew, at most 1280 pixels long', async (name) => {
    expect((await choose(image(await photo(name, '2560x1440')))).status).toBe(204);
    const made = await poster();
    expect(pictureFacts(made)).toMatchObject({ type: 'jpeg', width: 1280, height: 720 });
    expect(await gray(made, 'crop=iw:ih/4:0:0')).toBeLessThan(60);
    expect(await gray(made, 'crop=iw:ih/4:0:ih*3/4')).toBeGreaterThan(200);
  });

  it('is turned as the camera was held, and says nothing of where', async () => {
    const turned = withExif(await photo('held.jpg', '640x360'), 6);
    expect(turned.includes('31.2304')).toBe(true);
    expect((await choose(image(turned))).status).toBe(204);
    const made = await poster();
    expect(pictureFacts(made)).toMatchObject({ width: 360, height: 640, turns: 0 });
    // A quarter turn clockwise: what was above is on the right.
    expect(await gray(made, 'crop=iw/4:ih:iw*3/4:0')).toBeLessThan(60);
    expect(await gray(made, 'crop=iw/4:ih:0:0')).toBeGreaterThan(200);
    expect(made.includes('31.2304') || made.includes('Exif')).toBe(false);
  });

  it.each(['1x1', '12000x1', '1x12000', '1280x15'])('of %s is refused for being thin', async (size) => {
    const color = `color=black:s=64x64:d=1:r=1,format=rgb24,scale=${size.replace('x', ':')}`;
    await ffmpeg('-f', 'lavfi', '-i', color, '-frames:v', '1', '-update', '1', at('thin.png'));
    const { status, json } = await choose(image(await readFile(at('thin.png'))));
    expect([status, json.code]).toEqual([415, 'unsupported-type']);
    expect(json.detail).toMatch(/pixels, of which a poster would show \d+ on its short side/);
  });

  it('of 16 pixels, and one with bytes after its end, are taken', async () => {
    expect((await choose(image(await photo('low.png', '1280x16')))).status).toBe(204);
    const joined = Buffer.concat([await photo('joined.jpg', '640x360'), Buffer.from('a second picture')]);
    expect((await choose(image(joined))).status).toBe(204);
  });

  it('that is none, is cut, lies or is a bomb, is refused, and the poster stays', async () => {
    const jpeg = await photo('good.jpg', '640x360');
    const png = await photo('good.png', '640x360');
    const lying = Buffer.from(png);
    lying.writeUInt32BE(60_000, 16);
    const frame = jpeg.indexOf(Buffer.from('ffc0', 'hex'));
    const wide = Buffer.from(jpeg);
    wide.writeUInt16BE(65_500, frame + 5);
    wide.writeUInt16BE(65_500, frame + 7);
    const cases: [string, Buffer, string][] = [
      ['text', Buffer.from('#EXTM3U\nhttp://169.254.169.254/\n'), 'unsupported-type'],
      ['svg', Buffer.from('<svg xmlns="http://www.w3.org/2000/svg"/>'), 'unsupported-type'],
      ['a movie', await readFile(at('steps.mp4')), 'unsupported-type'],
      ['two bytes of a JPEG', jpeg.subarray(0, 2), 'unsupported-type'],
      ['a header only', jpeg.subarray(0, frame + 20), 'unsupported-type'],
      ['a PNG that ends', png.subarray(0, 60), 'unsupported-type'],
      ['half a JPEG', jpeg.subarray(0, frame + Math.floor((jpeg.length - frame) / 2)), 'unsupported-type'],
      ['half a PNG', png.subarray(0, Math.floor(png.length / 2)), 'unsupported-type'],
      ['a JPEG without its last bytes', jpeg.subarray(0, -2), 'unsupported-type'],
      ['a PNG of 60,000 pixels', lying, 'too-large'],
      ['a JPEG of 65,500', wide, 'too-large'],
      ['bytes in a JPEG', Buffer.concat([jpeg.subarray(0, frame), Buffer.alloc(5000, 0xff)]), 'unsupported-type'],
    ];
    for (const [what, bytes, code] of cases) {
      const answer = await choose(image(bytes));
      expect([what, answer.json?.code]).toEqual([what, code]);
    }
    expect((await stored()).poster).toBeUndefined();
    expect(await posters()).toEqual(['poster.jpg']);
    for (const body of [{}, { time: -1 }, { time: 1, image: 'AAAA' }, { image: 'no base64!' }, { image: '' }])
      expect([body, (await choose(body)).status]).toEqual([body, 400]);
    const huge = await choose({ image: 'A'.repeat(5 * 1024 ** 2) });
    expect([huge.status, huge.json.code]).toEqual([413, 'too-large']);
  });
});

it('is chosen by the owner and admins; others learn as much as they may see', async () => {
  expect((await choose({ time: 1 }, { sub: 'ada', groups: ['admin'] })).status).toBe(204);
  expect((await choose({ time: 1 }, { sub: 'sam' })).status).toBe(404);
  await store({ visibility: 'public' });
  expect((await choose({ time: 1 }, { sub: 'sam' })).status).toBe(403);
  await store({ status: 'deleted' });
  expect((await choose({ time: 1 })).status).toBe(404);
});
