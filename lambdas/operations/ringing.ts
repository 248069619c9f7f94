/**
 * Which alarms of this deployment ring, and since when: one call of CloudWatch's, signed by the SDK's own signer. It is a single
 * question, for which a client of CloudWatch would be another 200 kB to start with.
 */
import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, createHmac, type BinaryLike, type Hash, type Hmac } from 'node:crypto';
import { z } from 'zod';
import { json, required } from '../../lib/contract/env.ts';
import { dynamo } from '../shared/clients.ts';

const answer = z.object({
  MetricAlarms: z.array(z.object({ AlarmName: z.string(), StateUpdatedTimestamp: z.union([z.number(), z.string()]) })),
});
/** DescribeAlarms takes so many names at most. */
const NAMES = 100;
const PATIENCE_MS = 5000;

/** By the ids of the registry. Throws when CloudWatch cannot be asked. */
export async function ringing(): Promise<{ id: string; since: string }[]> {
  const [prefix, ids] = [`${required('DEPLOYMENT')}-`, json('ALARM_IDS', z.array(z.string()).max(NAMES))];
  if (ids.length === 0) return [];
  const asked = { AlarmNames: ids.map((id) => `${prefix}${id}`), StateValue: 'ALARM', MaxRecords: NAMES };
  const { MetricAlarms } = answer.parse(await describe(asked));
  return MetricAlarms.map(({ AlarmName, StateUpdatedTimestamp: at }) => ({
    id: AlarmName.slice(prefix.length),
    since: new Date(typeof at === 'number' ? at * 1000 : at).toISOString(),
  }));
}

async function describe(asked: object): Promise<unknown> {
  const region = await dynamo.config.region();
  const url = new URL(process.env['AWS_ENDPOINT_URL'] ?? `https://monitoring.${region}.amazonaws.com`);
  const body = JSON.stringify(asked);
  const signer = new SignatureV4({
    service: 'monitoring',
    region,
    credentials: dynamo.config.credentials,
    sha256: Sha256,
  });
  const { headers } = await signer.sign({
    method: 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    ...(url.port !== '' && { port: Number(url.port) }),
    path: '/',
    query: {},
    headers: {
      host: url.host,
      'content-type': 'application/x-amz-json-1.0',
      'x-amz-target': 'GraniteServiceVersion20100801.DescribeAlarms',
    },
    body,
  });
  const response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(PATIENCE_MS) });
  if (!response.ok) throw new Error(`CloudWatch answered ${response.status}`);
  return await response.json();
}

/** node:crypto in the shape the signer asks for. */
class Sha256 {
  readonly #hash: Hash | Hmac;
  constructor(secret?: unknown) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as BinaryLike);
  }
  update(data: Uint8Array): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
}
