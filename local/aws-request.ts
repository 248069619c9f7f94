/**
 * Single calls of AWS's own protocols, signed: for services that are asked a question or two by a tool here, each of which
 * would otherwise bring an SDK client of its own. Against AWS, or an engine that answers for all of them.
 */
import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';

export interface Credentials {
  readonly accessKeyId: string;
  readonly secretAccessKey: string;
  readonly sessionToken?: string;
}

/** Whose account, where, and how to get in. */
export interface AwsAccess {
  readonly region: string;
  readonly credentials: Credentials | (() => Promise<Credentials>);
  /** Of an engine; absent: AWS. */
  readonly endpoint?: string;
}

/** A GET of `path`; else a POST of JSON to `target`, of a `form`, or of a `payload` to `path`. */
export interface AwsCall {
  /** As signatures name it. */
  readonly service: string;
  readonly path?: string;
  readonly query?: Readonly<Record<string, string>>;
  readonly target?: string;
  readonly json?: object;
  readonly form?: Readonly<Record<string, string>>;
  readonly payload?: string;
}

export class AwsRequestError extends Error {
  override name = 'AwsRequestError';
  readonly status: number;
  constructor(message: string, status: number) {
    super(message);
    this.status = status;
  }
}

/** Services of no region: where they are, and the region their signatures name. */
const GLOBAL: Readonly<Record<string, string>> = { iam: 'iam.amazonaws.com', cloudfront: 'cloudfront.amazonaws.com' };
/** JSON of version 1.0; the others speak 1.1. */
const JSON_1_0 = new Set(['dynamodb', 'monitoring', 'sqs', 'states']);
const REQUEST_MS = 30_000;

/** Sends it and answers the body. @throws AwsRequestError for anything but success. */
export async function awsRequest(access: AwsAccess, call: AwsCall): Promise<string> {
  const { service, path = '/', query = {}, target, form, payload } = call;
  const host = GLOBAL[service] ?? `${service}.${access.region}.amazonaws.com`;
  const url = new URL(path, access.endpoint ?? `https://${host}`);
  const posts = target !== undefined || form !== undefined || payload !== undefined;
  const body = payload ?? (form ? new URLSearchParams(form).toString() : JSON.stringify(call.json ?? {}));
  const signer = new SignatureV4({
    service,
    region: access.endpoint === undefined && service in GLOBAL ? 'us-east-1' : access.region,
    credentials: access.credentials,
    sha256: Sha256,
  });
  const sent = await signer.sign({
    method: posts ? 'POST' : 'GET',
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port !== '' && { port: Number(url.port) }),
    path: url.pathname,
    query,
    headers: {
      host: url.host,
      ...(target !== undefined && {
        'x-amz-target': target,
        'content-type': `application/x-amz-json-${JSON_1_0.has(service) ? '1.0' : '1.1'}`,
      }),
      ...(form && { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    ...(posts && { body }),
  });
  url.search = new URLSearchParams(query).toString();
  const answer = await fetch(url, {
    method: sent.method,
    headers: sent.headers,
    ...(posts && { body }),
    signal: AbortSignal.timeout(REQUEST_MS),
  });
  const text = await answer.text();
  if (!answer.ok)
    throw new AwsRequestError(
      `${service} ${target ?? form?.['Action'] ?? path} answered ${answer.status}: ${text.slice(0, 300)}`,
      answer.status,
    );
  return text;
}

type Source = string | ArrayBuffer | ArrayBufferView;
/** node:crypto in the shape the signer asks for. */
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
