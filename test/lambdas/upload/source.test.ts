import { S3Client, UploadPartCommand } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import { afterEach, describe, expect, it, vi } from 'vitest';

const key = `uploads/${'a'.repeat(20)}/source`;
const uploadId = "a/b+c==~!*'()._-";

describe('a signed part is, to the byte, what the SDK signs', () => {
  afterEach(() => {
    vi.unstubAllEnvs();
    vi.resetModules();
  });

  it.each([
    ['AWS, virtual host', undefined, 'sources', /^https:\/\/sources\.s3\.eu-west-1\.amazonaws\.com\/uploads\//],
    [
      'AWS, a bucket name with dots',
      undefined,
      'so.ur.ces',
      /^https:\/\/s3\.eu-west-1\.amazonaws\.com\/so\.ur\.ces\/uploads\//,
    ],
    ['an engine, path style', 'http://127.0.0.1:4566', 'sources', /^http:\/\/127\.0\.0\.1:4566\/sources\/uploads\//],
  ])('%s', async (_, endpoint, bucket, start) => {
    vi.resetModules();
    vi.stubEnv('AWS_ENDPOINT_URL', endpoint);
    vi.stubEnv('AWS_ENDPOINT_URL_S3', endpoint);
    vi.stubEnv('AWS_REGION', 'eu-west-1');
    vi.stubEnv('AWS_ACCESS_KEY_ID', 'AKIDEXAMPLE');
    vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'secret');
    vi.stubEnv('AWS_SESSION_TOKEN', 'a session/token==');
    vi.stubEnv('SOURCE_BUCKET', bucket);
    const { signPart, sourceUrl } = await import('../../../lambdas/upload/source.ts');
    const at = new Date('2026-01-02T03:04:05Z');
    const ours = await signPart(key, uploadId, 7, 600, at);
    const client = new S3Client({
      requestChecksumCalculation: 'WHEN_REQUIRED',
      forcePathStyle: endpoint !== undefined,
    });
    const theirs = await getSignedUrl(
      client,
      new UploadPartCommand({ Bucket: bucket, Key: key, UploadId: uploadId, PartNumber: 7 }),
      { expiresIn: 600, signingDate: at },
    );
    expect(ours).toMatch(start);
    expect(sorted(ours)).toEqual(sorted(theirs));
    expect(await sourceUrl(key)).toBe(ours.split('?')[0]);
  });
});

function sorted(text: string): string[] {
  const url = new URL(text);
  return [url.origin, url.pathname, ...[...url.searchParams].map((pair) => pair.join('=')).toSorted()];
}
