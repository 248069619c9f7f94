/** Secrets Manager, DynamoDB GetItem and BatchGetItem, S3 GetObject and an OIDC issuer, as far as playback asks them, on a real port. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { exportJWK, generateKeyPair, SignJWT, type JWTPayload } from 'jose';
import type { z } from 'zod';
import type { grantRow } from '../../../lib/contract/entitlement.ts';
import type { LinkRow } from '../../../lib/contract/link.ts';
import type { RegisteredKey } from '../../../lib/contract/registered-key.ts';
import type { SessionRow } from '../../../lib/contract/session.ts';
import type { VideoRecord } from '../../../lib/contract/video.ts';

export interface Fake {
  readonly url: string;
  readonly videos: Map<string, VideoRecord>;
  /** By `{videoId}/{subject}`, as the table has them. */
  readonly grants: Map<string, z.input<typeof grantRow>>;
  /** Viewers of devices. */
  readonly devices: Map<string, readonly string[]>;
  /** Keys of others, by their `kid`. */
  readonly keys: Map<string, RegisteredKey>;
  /** By `{videoId}/{id}`. */
  readonly links: Map<string, LinkRow>;
  readonly objects: Map<string, string>;
  /** Puts a session there that has begun. */
  readonly begun: (session: SessionRow) => void;
  /** What was asked, e.g. `GetItem grants`. */
  readonly asked: string[];
  /** A token of this issuer; claims override the good ones, `undefined` leaves one out. */
  readonly jwt: (claims?: JWTPayload, key?: 'own' | 'foreign') => Promise<string>;
  readonly close: () => void;
}

export async function startFake(secret: object, audience: string): Promise<Fake> {
  const own = await generateKeyPair('RS256');
  const foreign = await generateKeyPair('RS256');
  const jwk = { ...(await exportJWK(own.publicKey)), kid: '1', alg: 'RS256', use: 'sig' };
  const [videos, grants, objects] = [
    new Map<string, VideoRecord>(),
    new Map<string, z.input<typeof grantRow>>(),
    new Map<string, string>(),
  ];
  const devices = new Map<string, readonly string[]>();
  const [keys, links] = [new Map<string, RegisteredKey>(), new Map<string, LinkRow>()];
  const sessions = new Map<string, Item>();
  const asked: string[] = [];
  let url = '';

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const json = (body: unknown) => response.setHeader('content-type', 'application/json').end(JSON.stringify(body));
      const target = request.headers['x-amz-target'];
      const path = (request.url ?? '').replace(/\?.*$/, '');
      if (path === '/.well-known/openid-configuration') {
        asked.push('discovery');
        json({ issuer: url, jwks_uri: `${url}/jwks` });
      } else if (path === '/jwks') json({ keys: [jwk] });
      else if (target === undefined) {
        asked.push(`GetObject ${path}`);
        const found = objects.get(path);
        // What S3 says of a missing key to who may not list the bucket.
        if (found === undefined) response.writeHead(403).end('<Error><Code>AccessDenied</Code></Error>');
        else response.end(found);
      } else if (String(target).startsWith('secretsmanager')) {
        asked.push('GetSecretValue');
        json({ SecretString: JSON.stringify(secret) });
      } else {
        type Key = Record<string, { S: string }>;
        const { TableName, Key, RequestItems, ...update } = JSON.parse(Buffer.concat(chunks).toString()) as {
          TableName: string;
          Key: Key;
          RequestItems?: Record<string, { Keys: Key[] }>;
        };
        if (String(target).endsWith('.PutItem') && TableName === 'audit') {
          asked.push('PutItem audit');
          json({});
          return;
        }
        if (String(target).endsWith('.UpdateItem') && TableName === 'sessions') {
          asked.push('UpdateItem sessions');
          json({ Attributes: updated(sessions, Key, update as unknown as Update) });
          return;
        }
        const rows: Record<string, (key: Key) => unknown> = {
          videos: (key) => videos.get(key['id']!.S),
          grants: (key) => grants.get(`${key['videoId']!.S}/${key['subject']!.S}`),
          revocations: () => undefined,
          heatmaps: () => INSIGHT_KEYS,
          keys: (key) => keys.get(key['kid']!.S),
          links: (key) => links.get(`${key['videoId']!.S}/${key['id']!.S}`),
          devices: (key) => {
            const viewers = devices.get(key['id']!.S);
            return viewers && { viewers };
          },
        };
        const found = (table: string, key: Key) => {
          const item = rows[table]!(key);
          return item ? [marshal(item)['M']] : [];
        };
        if (RequestItems === undefined) {
          asked.push(`GetItem ${TableName}`);
          if (TableName === 'sessions') {
            json({ Item: sessions.get(JSON.stringify(Key)) });
            return;
          }
          const [Item] = found(TableName, Key);
          json(Item ? { Item } : {});
        } else {
          const all = Object.entries(RequestItems);
          asked.push(`BatchGetItem ${all.map(([table, { Keys }]) => `${Keys.length} ${table}`).join(', ')}`);
          const answers = all.map(([table, { Keys }]) => [table, Keys.flatMap((key) => found(table, key))]);
          json({ Responses: Object.fromEntries(answers), UnprocessedKeys: {} });
        }
      }
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  const jwt: Fake['jwt'] = (claims = {}, key = 'own') => {
    const now = Math.floor(Date.now() / 1000);
    const all: JWTPayload = { iss: url, aud: audience, sub: 'olga', exp: now + 60, ...claims };
    return new SignJWT(all)
      .setProtectedHeader({ alg: 'RS256', kid: '1' })
      .sign((key === 'own' ? own : foreign).privateKey);
  };
  const begun: Fake['begun'] = (session) => {
    const { who, place, ...rest } = marshal(session)['M'] as Item;
    const key = { who, place };
    sessions.set(JSON.stringify(key), { ...key, ...rest });
  };
  return { url, videos, grants, devices, keys, links, objects, begun, asked, jwt, close: () => void server.close() };
}

/** Of addresses for events and of pseudonyms. */
export const INSIGHT_KEYS = { addresses: 'A'.repeat(43), viewers: 'B'.repeat(42) + 'A' };

type Item = Record<string, unknown>;
interface Update {
  readonly UpdateExpression: string;
  readonly ExpressionAttributeValues: Record<string, unknown>;
}

/** A row with `SET #a = :a, #b = if_not_exists(#b, :b)` done; conditions are the engine's to prove (shared/sessions.test.ts). */
function updated(rows: Map<string, Item>, key: Item, { UpdateExpression, ExpressionAttributeValues }: Update): Item {
  const id = JSON.stringify(key);
  const row = { ...key, ...rows.get(id) };
  for (const [name, value] of Object.entries(ExpressionAttributeValues)) {
    const field = name.slice(1);
    if (!(field in row && UpdateExpression.includes(`if_not_exists(#${field},`))) row[field] = value;
  }
  rows.set(id, row);
  return row;
}

/** A value in DynamoDB's JSON. */
function marshal(value: unknown): Record<string, unknown> {
  if (value === null) return { NULL: true };
  if (typeof value === 'string') return { S: value };
  if (typeof value === 'number') return { N: String(value) };
  if (typeof value === 'boolean') return { BOOL: value };
  if (Array.isArray(value)) return { L: value.map(marshal) };
  const entries = Object.entries(value as object).filter(([, one]) => one !== undefined);
  return { M: Object.fromEntries(entries.map(([name, one]) => [name, marshal(one)])) };
}

/** What the playback function is told where `url` is all it asks, and viewers come to `https://video.example`. */
export const playbackEnvironment = (url: string): Readonly<Record<string, string>> => ({
  AWS_ENDPOINT_URL: url,
  AWS_REGION: 'us-east-1',
  AWS_ACCESS_KEY_ID: 'x',
  AWS_SECRET_ACCESS_KEY: 'x',
  POWERTOOLS_LOG_LEVEL: 'SILENT',
  ISSUER: url,
  AUDIENCE: 'console',
  GROUPS_CLAIM: 'groups',
  SIGNATURE_HOURS: '12',
  TOKEN_MINUTES: '60',
  VIDEOS_TABLE: 'videos',
  ENTITLEMENTS_TABLE: 'grants',
  SESSIONS_TABLE: 'sessions',
  REVOCATIONS_TABLE: 'revocations',
  KEYS_TABLE: 'keys',
  LINKS_TABLE: 'links',
  DEVICES_TABLE: 'devices',
  HEATMAPS_TABLE: 'heatmaps',
  AUDIT_TABLE: 'audit',
  AUDIT_DAYS: '400',
  MEDIA_BUCKET: 'media',
  SIGNING_SECRET: 'secret',
  PUBLIC_URL: 'https://video.example',
});
