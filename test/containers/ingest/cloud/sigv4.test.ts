/** Our signatures against those of the SDK's signer. */
import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, createHmac, hash, type Hash, type Hmac } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { Signer } from '../../../../containers/ingest/src/cloud/sigv4.ts';

type Source = string | ArrayBuffer | ArrayBufferView;

/** node:crypto in the shape the SDK's signer asks for. */
class Sha256 {
  readonly #hash: Hash | Hmac;
  constructor(secret?: Source) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string | Uint8Array);
  }
  update(data: Uint8Array): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {}
}

const path = '/bucket/live/13800138000/1/2026-05-03/10/1777802400000-2000-0-12-ab12cd34-3.m4s';
const request = (method: string, body: string, more: Readonly<Record<string, string>> = {}) => ({
  method,
  path,
  headers: { host: '127.0.0.1:4566', 'x-amz-content-sha256': hash('sha256', body, 'hex'), ...more },
});
const requests = [
  request('GET', ''),
  request('PUT', 'a segment', {
    'content-type': 'video/mp4',
    'cache-control': 'max-age=86400, immutable',
    'x-amz-tagging': 'retention=7',
    'x-amz-meta-codecs': 'avc1.64001f,mp4a.40.2',
  }),
  request('PUT', 'a playlist', { 'if-match': '"0123456789abcdef"', 'x-amz-meta-epoch': '12' }),
];
const fixed = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY' };
const passing = { ...fixed, accessKeyId: 'ASIAEXAMPLE', sessionToken: 'IQoJb3JpZ2luX2VjE//wEa+CXVz==' };

describe.each(['us-east-1', 'eu-central-1', 'cn-north-1'])('in %s', (region) => {
  it.each([
    ['fixed', fixed],
    ['temporary', passing],
  ])('with %s credentials, on any day, signs as the SDK does', async (_, credentials) => {
    const theirs = new SignatureV4({
      service: 's3',
      region,
      credentials,
      sha256: Sha256,
      uriEscapePath: false,
      applyChecksum: false,
    });
    const ours = new Signer(region);
    // One signer for all: what it keeps of one day must not serve another.
    for (const at of ['2026-05-03T23:59:59.900Z', '2026-05-04T00:00:00.100Z', '2026-11-30T07:08:09.000Z']) {
      for (const { headers, ...rest } of requests) {
        const expected = await theirs.sign(
          { ...rest, headers: { ...headers }, protocol: 'http:', hostname: '127.0.0.1', query: {} },
          { signingDate: new Date(at) },
        );
        expect(ours.sign({ ...rest, headers }, credentials, Date.parse(at))).toEqual(expected.headers);
      }
    }
  });
});

it('other credentials sign otherwise at once', () => {
  const signer = new Signer('us-east-1');
  const now = Date.parse('2026-05-03T10:00:00Z');
  const signed = (secretAccessKey: string) => signer.sign(requests[0]!, { ...fixed, secretAccessKey }, now);
  const [first, second, again] = ['one', 'other', 'one'].map((secret) => signed(secret)['authorization']);
  expect(second).not.toBe(first);
  expect(again).toBe(first);
});
