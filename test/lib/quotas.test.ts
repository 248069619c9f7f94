/** The templates at the bounds of every option, held against every quota of AWS that they take a share of. */
import { afterAll, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { options } from '../../lib/config.ts';
import { tell } from '../../lib/contract/alarm-rules.ts';
import { alarmRecord } from '../../lib/contract/device.ts';
import { QUOTAS, type Quota, type QuotaName } from '../../lib/quotas.ts';
import { synthesized, type TemplateText } from '../support/app.ts';
import { measured } from '../support/quotas.ts';

type Values = Readonly<Record<string, unknown>>;

/** The shortest and the longest text an option takes, and a longest list of longest items; numbers and choices say theirs. */
const long = (length: number, head = '', tail = '') =>
  `${head}${'x'.repeat(length - head.length - tail.length)}${tail}`;
const host = (length: number) =>
  [...Array(9).keys()]
    .map(() => 'y'.repeat(63))
    .join('.')
    .slice(-length)
    .replace(/^\.+/, 'z');
const many = (count: number, item: (i: string) => string) =>
  Array.from({ length: count }, (_, i) => item(String(i).padStart(2, '0')));
const arn = (region: string) => `arn:aws:acm:${region}:123456789012:certificate/`;
const secret = (region: string) => `arn:aws:secretsmanager:${region}:123456789012:secret:`;
const cluster = (region: string, name: string, id: string) =>
  `arn:aws:kafka:${region}:123456789012:cluster/${name}/${id}`;
const networks = (count: number) => many(count, (i) => `203.0.${Number(i)}.0/24`);
const longestRule = (rule: number) => ({
  kinds: alarmRecord.shape.kind.options,
  types: many(10, (i) => long(40, `${rule}-${i}-`)),
  tags: many(10, (i) => long(50, `${rule}-${i}-`)),
  minLevel: 255,
  tell: tell.options,
  push: false,
});
const TEXTS: Readonly<Record<string, readonly [least: unknown, most: unknown]>> = {
  name: ['s', `s${'x'.repeat(30)}`],
  account: ['000000000000', '999999999999'],
  region: ['eu-west-1', 'us-isofxx-east-1'],
  'auth.issuer': ['https://a', `https://${host(247)}/`],
  'auth.audience': ['a', long(256)],
  'auth.clientId': ['c', long(256)],
  'auth.scope': ['', long(256)],
  'auth.resource': ['', long(256)],
  'auth.groupsClaim': ['g', long(128)],
  'auth.connectOrigins': [[], many(8, (i) => long(71, `https://${i}`))],
  'upload.types': [['a/b'], many(16, (i) => long(100, `video/${i}`))],
  'upload.allowedOrigins': [[], many(50, (i) => `https://${i}.${host(245)}`)],
  'upload.pullBuckets': [[], many(20, (i) => long(63, `b${i}`))],
  'slicing.ladder': [[234], [2160, 1440, 1080, 720, 540, 360, 234]],
  'playback.allowedOrigins': [['*'], many(50, (i) => `https://${i}.${host(245)}`)],
  'playback.domainName': ['a.bc', host(253)],
  'playback.certificateArn': [`${arn('us-east-1')}a`, `${arn('us-east-1')}${long(64)}`],
  'playback.hookUrl': ['https://a', long(256, 'https://')],
  'playback.publicUrl': ['http://a', `https://${host(248)}`],
  'drm.keyServer': ['https://a', long(256, 'https://')],
  'drm.widevine': ['https://a', long(160, 'https://')],
  'drm.playready': ['https://a', long(160, 'https://')],
  'drm.fairplay': ['https://{contentId}', long(160, 'https://', '/{contentId}')],
  'drm.fairplayCertificate': ['https://a', long(160, 'https://')],
  'drm.secretArn': [`${secret('eu-west-1')}a`, `${secret('us-isofxx-east-1')}${long(200)}`],
  'live.tlsCertificateArn': [`${arn('eu-west-1')}a`, `${arn('us-isofxx-east-1')}${long(64)}`],
  'live.publicHost': ['a', host(253)],
  'live.allowedCidrs': [['0.0.0.0/0'], networks(30)],
  'live.mapTilesUrl': ['/{z}{x}{y}', `https://${host(247)}/${long(256, '{z}/{x}/{y}/')}`],
  'live.mapAttribution': ['©', '地'.repeat(200)],
  'live.mapAttributionUrl': ['https://a', long(400, 'https://')],
  'alarms.emails': [[], many(10, (i) => `${i}@${host(251)}`)],
  'alarms.rules': [[], Array.from({ length: 12 }, (_, i) => longestRule(i))],
  'kafka.brokers': [[], many(6, (i) => `${i}.${host(250)}:65535`)],
  'kafka.topic': ['a', long(249)],
  'kafka.secretArn': [`${secret('eu-west-1')}a`, `${secret('us-isofxx-east-1')}${long(200)}`],
  'kafka.clusterArn': [cluster('eu-west-1', 'a', 'b'), cluster('us-isofxx-east-1', long(64), long(64))],
  'kafka.subnetIds': [[], many(16, (i) => `subnet-${i.padStart(17, '0')}`)],
  'kafka.securityGroupIds': [[], many(5, (i) => `sg-${i.padStart(17, '0')}`)],
  'operations.emails': [[], many(10, (i) => `${i}@${host(251)}`)],
};

/** Of numbers with a least that other options say: an account divided among all that runs in it (lib/concurrency.ts). */
const LEAST: Readonly<Record<string, number>> = { 'concurrency.account': 8 };

/** Both ends of an option. */
const bounds: ReadonlyMap<string, readonly [unknown, unknown]> = new Map(
  [...options].map(([path, option]): [string, readonly [unknown, unknown]] => {
    const { minimum, maximum, enum: choices, anyOf, type } = z.toJSONSchema(option, { io: 'input' });
    const values = choices ?? anyOf?.map((one) => (one as { const?: unknown }).const);
    if (TEXTS[path]) return [path, TEXTS[path]];
    if (values) return [path, [values[0], values.at(-1)]];
    if (type === 'boolean') return [path, [false, true]];
    if (minimum === undefined || maximum === undefined)
      throw new Error(`${path}: which is its longest? Add it to TEXTS`);
    return [path, [LEAST[path] ?? minimum, maximum]];
  }),
);

/** These options, each at one end. */
const at = (end: 0 | 1, paths: Iterable<string>): Values =>
  Object.fromEntries([...paths].map((path) => [path, bounds.get(path)![end]]));
/** Text is shared by several options, and ports must differ: they have runs of their own. */
const APART =
  /^(auth\.|operations\.budgetDollars|concurrency\.|slicing\.(engine|encryption)|drm\.|kafka\.|upload\.(types|pullPrivate)|live\.(map|.*Port$|tls|publicHost|allowedCidrs|announceTls|enabled)|playback\.(domainName|certificateArn|publicUrl))/;
const numbers = [...bounds.keys()].filter((path) => !APART.test(path));
const on = { 'live.enabled': true };
const issuer = { 'auth.issuer': 'https://a', 'auth.audience': 'a', 'auth.clientId': 'c' };
const PORTS = ['controlPort', 'mediaPort', 'attachmentPort', 'tlsControlPort', 'tlsMediaPort', 'tlsAttachmentPort'].map(
  (port) => `live.${port}`,
);
const tls = at(1, ['live.tlsCertificateArn']);

const AUTH = ['issuer', 'audience', 'clientId', 'scope', 'resource', 'groupsClaim'].map((name) => `auth.${name}`);

const DRM = [...bounds.keys()].filter((path) => path.startsWith('drm.'));

const KAFKA = [...bounds.keys()].filter((path) => path.startsWith('kafka.'));
const BROKER = { 'kafka.brokers': ['a:1'] };

const RUNS: readonly (readonly [string, Values])[] = [
  ['the smallest account', { ...at(0, ['concurrency.account']), ...on }],
  ['the largest account', { ...at(1, ['concurrency.account', 'concurrency.reservedForApi']), ...on }],
  ['the least reserved', { 'concurrency.account': 105, ...at(0, ['concurrency.reservedForApi']), ...on }],
  ['everything least', { ...at(0, numbers), ...on }],
  ['everything most', { ...at(1, numbers), ...on }],
  ['everything most, without devices', { ...at(1, numbers), 'live.enabled': false }],
  ['choices the other way', { ...at(1, numbers), ...on, removal: 'retain', 'live.privateSubnets': false }],
  ['MediaConvert', { ...at(1, ['slicing.engine']), ...on }],
  ...([0, 1] as const).map(
    (end) =>
      [
        `the ${end === 0 ? 'shortest' : 'longest'} DRM provider`,
        { ...at(end, DRM), ...at(1, ['slicing.engine', 'slicing.encryption', 'playback.hookUrl']), ...on },
      ] as const,
  ),
  ['the most of Kafka', { ...at(1, KAFKA), ...on }],
  [
    'no Kafka',
    at(
      0,
      KAFKA.filter((path) => !path.endsWith('Arn')),
    ),
  ],
  ['the least of Kafka', { ...at(0, ['kafka.clusterArn', 'kafka.secretArn']), ...at(1, ['kafka.sasl']), ...BROKER }],
  ['the least encryption', { ...at(0, ['slicing.encryption']), ...on }],
  ['the other engine', { ...at(0, ['slicing.engine']), ...on }],
  ['the longest issuer', { ...at(1, AUTH), ...on }],
  ['the shortest issuer', { ...at(0, [...AUTH, 'auth.connectOrigins']), ...on }],
  ['the most hosts of an issuer', { ...issuer, ...at(1, ['auth.connectOrigins']), enforceTls: false, ...on }],
  [
    'as much as the console is told',
    { ...at(1, AUTH), 'upload.types': many(4, (i) => long(100, `video/${i}`)), ...on },
  ],
  ['the most media types', { ...at(1, ['upload.types']), ...at(0, ['upload.pullPrivate']), ...on }],
  ['the least media types, a local edge', { ...at(0, ['upload.types', 'playback.publicUrl']), ...on }],
  ...([0, 1] as const).map(
    (end) =>
      [
        `the ${end === 0 ? 'least' : 'most'} budget`,
        { ...at(end, ['operations.budgetDollars']), ...at(1, ['operations.emails']) },
      ] as const,
  ),
  ['a local run', { ...at(1, ['upload.pullPrivate']), enforceTls: false, ...on }],
  ['the longest local edge', { ...at(1, ['playback.publicUrl']), ...on }],
  ['the longest map', { ...at(1, ['live.mapTilesUrl', 'live.mapAttribution', 'live.mapAttributionUrl']), ...on }],
  ['the shortest map', { ...at(0, ['live.mapTilesUrl', 'live.mapAttribution', 'live.mapAttributionUrl']), ...on }],
  ['the longest host', { ...at(1, ['playback.domainName', 'playback.certificateArn', 'live.publicHost']), ...on }],
  [
    'the shortest host',
    {
      ...at(0, [
        'playback.domainName',
        'playback.certificateArn',
        'live.publicHost',
        'live.tlsCertificateArn',
        'live.allowedCidrs',
        'live.announceTls',
        'live.sharedPort',
      ]),
      ...on,
      'live.idleSeconds': 320,
    },
  ],
  ['20 networks, 3 ports', { ...on, 'live.allowedCidrs': networks(20) }],
  ['30 networks, 2 ports', { ...on, 'live.sharedPort': true, ...at(1, ['live.allowedCidrs']) }],
  ['10 networks, 6 ports', { ...on, ...tls, ...at(1, ['live.announceTls']), 'live.allowedCidrs': networks(10) }],
  ['15 networks, 4 ports', { ...on, ...tls, 'live.sharedPort': true, 'live.allowedCidrs': networks(15) }],
  ...PORTS.map(
    (port, i) =>
      [
        `${port} first, its neighbour last`,
        { ...on, ...tls, [port]: 1, [PORTS[(i + 1) % PORTS.length]!]: 65_535 },
      ] as const,
  ),
  ['devices as they are by default', on],
  ['nothing but defaults', {}],
];

/** Resources of one stack: 40 fewer than CloudFormation takes. */
const ROOM = 460;

const counted = { measures: 0, templates: 0, resources: 0, quotas: new Set<QuotaName>() };
const seen = new Map<string, Set<string>>();

/** The longest of an environment beside this name: both together have 39 characters, and an environment 16. */
const longestEnvironment = (name: string) => `e${'y'.repeat(Math.min(16, 39 - name.length) - 1)}`;

function templatesOf(values: Values): TemplateText[] {
  const { name = 'sluice' } = values;
  return [...synthesized(values, longestEnvironment(String(name))).deployed];
}

describe('templates at the bounds of every option', () => {
  it.each(RUNS)('%s: within every quota', (_, values) => {
    for (const [path, value] of Object.entries(values)) {
      if (!seen.has(path)) seen.set(path, new Set());
      seen.get(path)!.add(JSON.stringify(value));
    }
    for (const template of templatesOf(values)) {
      const { taken, beyond } = measured(template);
      expect(beyond).toEqual([]);
      counted.templates += 1;
      counted.resources = Math.max(counted.resources, Object.keys(template.Resources).length);
      counted.measures += taken.length;
      for (const { quota } of taken) counted.quotas.add(quota);
    }
  });

  // What is nested in it takes none of it, so a part that is added there needs no more room (docs/architecture.md).
  it(`leaves room for ${500 - ROOM} resources more in a stack, whatever is turned on`, () => {
    expect(counted.resources).toBeGreaterThan(300);
    expect(counted.resources).toBeLessThanOrEqual(ROOM);
  });

  it('each option was at both its ends', () => {
    const missed = [...bounds].flatMap(([path, ends]) =>
      ends
        .filter((end) => !seen.get(path)?.has(JSON.stringify(end)))
        .map((end) => `${path} at ${JSON.stringify(end).slice(0, 60)}`),
    );
    expect(missed).toEqual([]);
  });

  it('every quota of the table was looked at', () => {
    expect(Object.keys(QUOTAS).filter((name) => !counted.quotas.has(name as QuotaName))).toEqual([]);
    for (const { source, max, min } of Object.values<Quota>(QUOTAS)) {
      expect(source).toMatch(/^https:\/\/docs\.aws\.amazon\.com\/\S+$/);
      expect(max ?? min).toBeDefined();
    }
  });

  afterAll(() => {
    const { quotas, templates, measures } = counted;
    process.stdout.write(
      `quotas: ${quotas.size} of AWS × ${templates} templates at the bounds of ${bounds.size} options: ${measures} measures held\n`,
    );
  });
});

it('a template beyond a quota is named, with what AWS takes', () => {
  const { vod } = synthesized();
  const [id, bucket] = Object.entries(vod.Resources).find(([, { Type }]) => Type === 'AWS::S3::Bucket')!;
  const rules = Array.from({ length: 1001 }, (_, i) => ({ Id: String(i) }));
  const broken = { ...bucket, Properties: { LifecycleConfiguration: { Rules: rules } } };
  expect(measured({ ...vod, Resources: { ...vod.Resources, [id]: broken } }).beyond).toEqual([
    `${id}: 1001 lifecycle rules of a bucket, AWS takes 1000`,
  ]);
});

it.each(Object.entries(TEXTS))('%s takes no more than its longest here', (path, [, most]) => {
  const another = ['https://more', 'video/more', '198.51.100.0/24'];
  const more = Array.isArray(most) ? another.map((one) => [...(most as unknown[]), one]) : [`${String(most)}x`];
  expect(z.safeParse(options.get(path)!, most).error).toBeUndefined();
  for (const one of more) expect(z.safeParse(options.get(path)!, one).success).toBe(false);
});
