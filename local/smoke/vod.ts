/** The first flow's steps: uploading, slicing, and playing by address and by cookie. */
import { stat } from 'node:fs/promises';
import { S3Client, GetBucketLifecycleConfigurationCommand } from '@aws-sdk/client-s3';
import { DescribeTimeToLiveCommand, DynamoDBClient } from '@aws-sdk/client-dynamodb';
import type { Client } from '../client.ts';
import type { Context } from './context.ts';
import { expectStatus, filesOf, openManifest, playAll } from './playing.ts';
import { SmokeError } from './until.ts';

const PART_BYTES = 8 * 1024 * 1024;
const manifestOf = (id: string) => `/api/play/${id}/main.m3u8`;

export async function upload(run: Context, client: Client, file: string): Promise<string> {
  const { size } = await stat(file);
  const id = await client.upload(file, { name: 'smoke.mp4', metadata: { name: 'Smoke' }, partBytes: PART_BYTES });
  run.step(`uploaded ${(size / 1e6).toFixed(1)} MB in ${Math.ceil(size / PART_BYTES)} presigned parts: video ${id}`);
  const { renditions, duration } = await client.ready(id, (status, percent) =>
    run.progress(`${status}, ${Math.round(percent)} %`),
  );
  const rungs = renditions.map(({ name }) => name).join(', ');
  run.step(`sliced: ${rungs}, ${duration?.toFixed(1)} s`);
  run.settle('lambda', `sliced to ${rungs}`);
  return id;
}

/** Answers a signed address that is good for hours: what a later deploy must not end. */
export async function playByAddress(run: Context, client: Client, id: string): Promise<string> {
  const { playlists, pass } = await openManifest(client, manifestOf(id), 'url');
  const played = await playAll(playlists, pass);
  const [first] = playlists;
  const address = `${first!}?${pass.query}`;
  const range = await fetch(address.replace(/^[^?]+/, (await filesOf(first!, pass))[0]!), {
    headers: { range: 'bytes=0-99' },
  });
  if (range.status !== 206 || (await range.arrayBuffer()).byteLength !== 100)
    throw new SmokeError(`a range was answered with ${range.status}`);
  run.step(
    `plays by address: ${playlists.length} playlists, ${played.files} files, ${(played.bytes / 1e6).toFixed(1)} MB; 403 without a signature or with a bent one`,
  );
  run.settle('ecdsa', 'signed addresses: 200; unsigned and bent: 403');

  const stored = (await expectStatus(200, first!, pass)).headers;
  run.settle('cache', `X-Cache: ${stored.get('x-cache') ?? 'none'}`);
  // No ticket, no signature: whoever refuses it was asked first.
  const refused = await expectStatus(403, `${client.url}/vod/${id}/s/none/r1/none`);
  const byFunction = refused.headers.get('x-cache')?.startsWith('FunctionGenerated') === true;
  run.settle('order', byFunction ? 'the function was asked first' : 'the signature was checked first');
  if (client.url.startsWith('https:')) {
    const plain = await fetch(client.url.replace('https:', 'http:'), { redirect: 'manual' });
    run.settle(
      'https',
      `http: ${plain.status} to ${plain.headers.get('location')}; Alt-Svc: ${stored.get('alt-svc') ?? 'none'}`,
    );
  }
  return address;
}

export async function playByCookie(run: Context, client: Client, id: string): Promise<void> {
  const { playlists, pass } = await openManifest(client, manifestOf(id), 'cookies');
  const played = await playAll(playlists, pass);
  run.step(`plays by cookie: ${played.files} files; 403 without the cookies or with bent ones`);
  run.settle('ecdsa', 'signed cookies, too');
}

/** What a browser and a stranger are told by the buckets, and the rules that remove things later. */
export async function checkStorage(run: Context, client: Client): Promise<void> {
  const { uploadId, key } = await client.call('POST /api/s3/multipart', {
    body: { filename: 'cors.mp4', type: 'video/mp4' },
  });
  const part = await client.call('GET /api/s3/multipart/{uploadId}/{partNumber}', {
    params: { uploadId, partNumber: '1' },
    query: { key },
  });
  const preflight = await fetch(part.url, {
    method: 'OPTIONS',
    headers: {
      origin: client.url,
      'access-control-request-method': 'PUT',
      'access-control-request-headers': 'content-type',
    },
  });
  const sent = await fetch(part.url, { method: 'PUT', body: 'x', headers: { origin: client.url } });
  const says = `preflight ${preflight.status}, origin ${preflight.headers.get('access-control-allow-origin')}, exposes ${sent.headers.get('access-control-expose-headers')}`;
  if (run.where.aws && !(preflight.ok && /etag/i.test(sent.headers.get('access-control-expose-headers') ?? '')))
    throw new SmokeError(`a browser could not upload: ${says}`);
  run.settle('cors', says);
  await client.call('DELETE /api/s3/multipart/{uploadId}', { params: { uploadId }, query: { key } });

  const unsigned = await fetch(part.url.split('?', 1)[0]!);
  if (run.where.aws && unsigned.status !== 403)
    throw new SmokeError(`an unsigned GET at the bucket was answered with ${unsigned.status}`);
  run.settle('closed', `an unsigned GET: ${unsigned.status}`);

  const { resources } = run.deployed;
  const ids = (type: string) => [...resources.values()].flatMap((one) => (one.type === type ? [one.id] : []));
  const s3 = new S3Client({ ...run.where.access, forcePathStyle: !run.where.aws });
  const dynamo = new DynamoDBClient(run.where.access);
  let rules = 0;
  for (const Bucket of ids('AWS::S3::Bucket'))
    rules +=
      (await s3.send(new GetBucketLifecycleConfigurationCommand({ Bucket })).catch(() => undefined))?.Rules?.length ??
      0;
  let expiring = 0;
  for (const TableName of ids('AWS::DynamoDB::Table')) {
    const { TimeToLiveDescription } = await dynamo.send(new DescribeTimeToLiveCommand({ TableName }));
    if (TimeToLiveDescription?.TimeToLiveStatus === 'ENABLED') expiring += 1;
  }
  run.settle('lifecycle', `${rules} lifecycle rules, TTL on in ${expiring} tables`);
  run.step(`storage: ${says}; unsigned ${unsigned.status}; ${rules} lifecycle rules, TTL in ${expiring} tables`);
}
