import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { ConfigError, optionPaths, options, readAppConfig, readConfig } from '../../lib/config.ts';
import { takesOnlyText, valueOf } from '../../lib/option-text.ts';
import { configurationPage } from '../../local/commands/docs.ts';

const environments = (
  JSON.parse(readFileSync(new URL('../../cdk.json', import.meta.url), 'utf8')) as {
    context: { environments: Record<string, unknown> };
  }
).context.environments;

const context = (values: Record<string, unknown>) => (key: string) => values[key];
const app = (values: Record<string, unknown>) => ({
  tryGetContext: (key: string) => values[key],
  getAllContext: () => values,
});

const CERTIFICATE = 'arn:aws:acm:eu-west-1:123456789012:certificate/x';
const SECRET = 'arn:aws:secretsmanager:eu-west-1:123456789012:secret:drm-AbCdEf';
const CLUSTER = 'arn:aws:kafka:eu-west-1:123456789012:cluster/events/0a1b-2';
const KAFKA = { 'kafka.brokers': ['kafka.example:9092'] };
const DRM = { 'slicing.engine': 'auto', 'drm.keyServer': 'https://a.example/', 'drm.widevine': 'https://b.example/' };
const networks = (count: number) => JSON.stringify(Array.from({ length: count }, (_, i) => `10.${i}.0.0/16`));

/** Values of an option that is no text, by what JSON Schema says of it; undefined where it is text. */
function samplesOf(option: z.core.$ZodType): unknown[] | undefined {
  const { type, anyOf, minimum, maximum } = z.toJSONSchema(option, { io: 'input' });
  if (type === 'string') return undefined;
  if (type === 'boolean') return [true, false];
  if (type === 'array') return [z.parse(option, undefined)];
  return anyOf?.map((one) => (one as { const?: unknown }).const) ?? [minimum, maximum];
}

describe('configuration', () => {
  it.each(Object.keys(environments))('%s as it is in cdk.json is valid', (env) => {
    expect(readConfig(context({ env, environments })).environment).toBe(env);
  });

  it('defaults to dev, keeps videos in prod and takes 50 GiB and 24 hours', () => {
    const dev = readConfig(context({ environments }));
    expect([dev.environment, dev.slicing.maxDurationHours]).toEqual(['dev', 24]);
    const prod = readConfig(context({ env: 'prod', environments }));
    expect(prod.removal).toBe('retain');
    expect(prod.upload.maxSizeGiB).toBe(50);
  });

  it('takes overrides from the command line, text and JSON', () => {
    const config = readAppConfig(
      app({
        env: 'dev',
        environments,
        'upload.maxSizeGiB': '100',
        'upload.types': '["video/mp4"]',
        architecture: 'arm64',
        'aws:cdk:x': 1,
      }),
    );
    expect(config.upload.maxSizeGiB).toBe(100);
    expect(config.upload.types).toEqual(['video/mp4']);
    expect(config.architecture).toBe('arm64');
  });

  /** What JSON would make something else of. */
  const LOOKS = [
    '123456789012',
    '012345678901',
    '1e3',
    '-0',
    '1.0',
    'true',
    'null',
    '[]',
    '["a"]',
    '{"a":1}',
    '"a"',
    ' 1',
  ];

  it.each([...options])('-c %s=… is read by the option it is given to', (_, option) => {
    const others = samplesOf(option);
    for (const value of others ?? []) expect(valueOf(option, JSON.stringify(value))).toEqual(value);
    if (others === undefined) for (const text of LOOKS) expect(valueOf(option, text)).toBe(text);
    expect(others === undefined).toBe(takesOnlyText(option));
  });

  it.each<[z.ZodType, string, unknown]>([
    [z.union([z.literal('auto'), z.int()]), '7', 7],
    [z.union([z.literal('auto'), z.int()]), 'auto', 'auto'],
    [z.union([z.string(), z.array(z.string())]), '["a"]', ['a']],
    [z.union([z.string(), z.array(z.string())]), '12', '12'],
    [z.enum(['1', '2']).optional(), '1', '1'],
    [z.literal(['1', '2']).default('1'), '2', '2'],
    [z.nullable(z.string()), 'null', 'null'],
    [z.string().refine((text) => text !== ''), '0', '0'],
    [z.boolean(), 'yes', 'yes'],
    [z.int(), '007', '007'],
  ])('%# what takes text or something else takes something else first', (option, text, value) => {
    expect(valueOf(option, text)).toEqual(value);
  });

  it.each<[string, string]>([
    ['account', '123456789012'],
    ['account', '012345678901'],
    ['name', 'true'],
    ['name', 'null'],
    ['playback.priceClass', '100'],
    ['live.mapAttribution', '2026'],
    ['auth.resource', '{"a":1}'],
    ['auth.scope', '["openid"]'],
  ])('-c %s=%s is that text', (path, text) => {
    const map = { 'live.mapTilesUrl': '/{z}/{x}/{y}', 'live.mapAttribution': 'x' };
    const config = readAppConfig(app({ env: 'dev', environments, ...map, [path]: text }));
    expect(path.split('.').reduce<unknown>((at, key) => (at as Record<string, unknown>)[key], config)).toBe(text);
  });

  it('a whole block is JSON, and text in it is text', () => {
    const auth = { issuer: 'https://id.example', audience: 'a', clientId: '0123' };
    expect(readAppConfig(app({ env: 'dev', environments, auth: JSON.stringify(auth) })).auth).toMatchObject(auth);
  });

  it('a block changes what it names and leaves the rest of it, and one option counts more, in whatever order', () => {
    const block = { dev: { upload: { maxSizeGiB: 7, expireDays: 3, types: ['video/mp4', 'video/webm'] } } };
    const upload = '{"maxSizeGiB":9,"urlMinutes":5,"types":["video/ogg"]}';
    const one = { 'upload.maxSizeGiB': '8' };
    for (const given of [
      { upload, ...one },
      { ...one, upload },
    ]) {
      const config = readAppConfig(app({ env: 'dev', environments: block, ...given }));
      expect(config.upload).toMatchObject({ maxSizeGiB: 8, expireDays: 3, urlMinutes: 5, types: ['video/ogg'] });
    }
    expect(readAppConfig(app({ env: 'dev', environments: block, upload })).upload.maxSizeGiB).toBe(9);
    for (const given of [
      { upload: '3', ...one },
      { ...one, upload: '3' },
    ])
      expect(() => readAppConfig(app({ env: 'dev', environments: block, ...given }))).toThrow('upload: Invalid input');
    // What the file says is the same for the next one who reads it.
    expect(block.dev.upload.maxSizeGiB).toBe(7);
  });

  it.each<[Record<string, unknown>, string]>([
    [{ account: 123_456_789_012 }, 'account: is text, so it needs quotes in cdk.json'],
    [{ name: true }, 'name: is text'],
    [{ playback: { priceClass: 100 } }, 'playback.priceClass: is text'],
    [{ auth: { issuer: 'https://id.example', audience: 'a', clientId: 123 } }, 'auth.clientId: is text'],
    [{ upload: { types: [1] } }, 'upload.types.0: is text'],
    [{ upload: { maxSizeGiB: '100' } }, 'upload.maxSizeGiB: Invalid input: expected number'],
  ])('%j in cdk.json is refused, and says that it lacks quotes', (block, message) => {
    expect(() => readAppConfig(app({ env: 'dev', environments: { dev: block } }))).toThrow(message);
  });

  it.each([
    [31, 8],
    [23, 16],
  ])(
    'name of %i and environment of %i characters leave the queues of tasks room for an id, one more does not',
    (n, e) => {
      const [name, env] = [`s${'x'.repeat(n - 1)}`, `e${'y'.repeat(e - 1)}`];
      const read = (options: Record<string, unknown>) =>
        readAppConfig(app({ env: 'dev', environments: { [String(options['env'])]: {} }, ...options }));
      expect(read({ env, name }).name).toBe(name);
      const beyond = n === 31 ? { env: `${env}y`, name } : { env, name: `${name}x` };
      const [both, prefix] = [40, `${beyond.name}-${beyond.env}-ingest-`];
      expect(prefix.length + 32).toBe(81);
      expect(() => read(beyond)).toThrow(`name: with env ${both} characters, of which queues of tasks (${prefix}`);
    },
  );

  // One row for each way of being wrong: the override, and the option its message must name.
  it.each<[string, unknown, string]>([
    ['name', 'Bad_Name', 'name'],
    ['account', '12345', 'account'],
    ['region', 'europe', 'region'],
    ['architecture', 'mips', 'architecture'],
    ['removal', 'maybe', 'removal'],
    ['logRetentionDays', '2', 'logRetentionDays'],
    ['enforceTls', 'yes', 'enforceTls'],
    ['upload.pullBuckets', ['Films'], 'upload.pullBuckets'],
    ['upload.pullBuckets', ['a..b'], 'upload.pullBuckets'],
    ['upload.pullBuckets', ['films/*'], 'upload.pullBuckets'],
    ['upload.pullBuckets', ['*'], 'upload.pullBuckets'],
    ['auth.issuer', 'not a url', 'auth.issuer'],
    ['auth.issuer', 'ftp://issuer.example', 'auth.issuer'],
    ['auth.issuer', 'https://issuer.example', 'auth.issuer'],
    ['auth.audience', 'api', 'auth.audience'],
    ['auth.clientId', 'console', 'auth.clientId'],
    ['auth.groupsClaim', '', 'auth.groupsClaim'],
    ['auth.isuer', 'https://issuer.example', 'auth.isuer'],
    ['upload.maxSizeGiB', '0', 'upload.maxSizeGiB'],
    ['upload.maxSizeGiB', '5121', 'upload.maxSizeGiB'],
    ['upload.maxSizeGiB', '200', 'upload.partSizeMiB'],
    ['upload.maxSizGiB', '10', 'upload.maxSizGiB'],
    ['upload.partSizeMiB', '4', 'upload.partSizeMiB'],
    ['upload.partSizeMiB', '5.5', 'upload.partSizeMiB'],
    ['upload.types', '[]', 'upload.types'],
    ['upload.types', '["video"]', 'upload.types'],
    ['upload.maxInFlight', '0', 'upload.maxInFlight'],
    ['videos.infrequentDays', '29', 'videos.infrequentDays'],
    ['upload.urlMinutes', '1000', 'upload.urlMinutes'],
    ['upload.expireDays', '31', 'upload.expireDays'],
    ['upload.allowedOrigins', '["example.com"]', 'upload.allowedOrigins'],
    ['slicing.segmentSeconds', '0.5', 'slicing.segmentSeconds'],
    ['slicing.segmentType', 'webm', 'slicing.segmentType'],
    ['slicing.ladder', '[]', 'slicing.ladder'],
    ['slicing.ladder', '[480]', 'slicing.ladder'],
    ['slicing.audioKbps', '16', 'slicing.audioKbps'],
    ['slicing.preset', 'placebo', 'slicing.preset'],
    ['slicing.maxDurationHours', '25', 'slicing.maxDurationHours'],
    ['slicing.maxDimension', '20000', 'slicing.maxDimension'],
    ['slicing.memoryMiB', '512', 'slicing.memoryMiB'],
    ['slicing.timeoutSeconds', '901', 'slicing.timeoutSeconds'],
    ['slicing.storageMiB', '20480', 'slicing.storageMiB'],
    ['playback.signatureHours', '0', 'playback.signatureHours'],
    ['playback.tokenMinutes', '0', 'playback.tokenMinutes'],
    ['playback.allowedOrigins', '[]', 'playback.allowedOrigins'],
    ['playback.priceClass', '300', 'playback.priceClass'],
    ['playback.domainName', 'video.example.com', 'playback.domainName'],
    ['playback.certificateArn', 'arn:aws:acm:eu-west-1:123456789012:certificate/x', 'playback.certificateArn'],
    ['live.enabled', 'yes', 'live.enabled'],
    ['live.controlPort', '0', 'live.controlPort'],
    ['live.mediaPort', '70000', 'live.mediaPort'],
    ['live.attachmentPort', 'ftp', 'live.attachmentPort'],
    ['live.sharedPort', '1', 'live.sharedPort'],
    ['live.oldNameIndex', 'maybe', 'live.oldNameIndex'],
    ['live.tlsCertificateArn', 'arn:aws:iam::1:server-certificate/x', 'live.tlsCertificateArn'],
    ['live.tlsControlPort', '0', 'live.tlsControlPort'],
    ['live.tlsMediaPort', '0', 'live.tlsMediaPort'],
    ['live.tlsAttachmentPort', '0', 'live.tlsAttachmentPort'],
    ['live.announceTls', 'no', 'live.announceTls'],
    ['live.publicHost', 'http://x', 'live.publicHost'],
    ['live.announceAddress', 'no', 'live.announceAddress'],
    ['live.allowedCidrs', '[]', 'live.allowedCidrs'],
    ['live.allowedCidrs', '["10.0.0.1"]', 'live.allowedCidrs'],
    ['live.allowedCidrs', '["999.1.1.1/99"]', 'live.allowedCidrs.0'],
    ['live.allowedCidrs', '["256.0.0.0/8"]', 'live.allowedCidrs.0'],
    ['live.allowedCidrs', '["10.0.0.0/33"]', 'live.allowedCidrs.0'],
    ['live.allowedCidrs', '["010.0.0.0/8"]', 'live.allowedCidrs.0'],
    ['live.allowedCidrs', '["2001:db8::/32"]', 'live.allowedCidrs.0'],
    ['live.allowedCidrs', '["10.1.2.3/8"]', 'live.allowedCidrs.0: has bits behind its mask; write 10.0.0.0/8'],
    ['live.allowedCidrs', '["203.0.113.129/25"]', 'write 203.0.113.128/25'],
    ['live.allowedCidrs', '["1.2.3.4/0"]', 'write 0.0.0.0/0'],
    ['live.allowedCidrs', '["10.0.0.0/8","10.0.0.0/8"]', 'live.allowedCidrs: names something twice'],
    ['live.publicHost', '999.1.1.1', 'live.publicHost'],
    ['live.publicHost', '1.2.3', 'live.publicHost'],
    ['live.publicHost', 'a..b', 'live.publicHost'],
    ['live.publicHost', '-a.example', 'live.publicHost'],
    ['playback.domainName', '256.1.1.1', 'playback.domainName'],
    ['playback.publicUrl', 'http://999.1.1.1', 'playback.publicUrl'],
    ['playback.publicUrl', 'http://a:99999', 'playback.publicUrl'],
    ['playback.allowedOrigins', '["https://999.1.1.1"]', 'playback.allowedOrigins.0'],
    ['upload.allowedOrigins', '["https://*.a.example:*"]', 'upload.allowedOrigins.0: has more than one *'],
    ['upload.allowedOrigins', '["https://*.*.example"]', 'upload.allowedOrigins.0: has more than one *'],
    ['playback.allowedOrigins', '["https://*.*.example"]', 'playback.allowedOrigins.0: has more than one *'],
    ['playback.allowedOrigins', '["*","*"]', 'playback.allowedOrigins: names something twice'],
    ['upload.allowedOrigins', '["https://a","https://a"]', 'upload.allowedOrigins: names something twice'],
    ['upload.types', '["a/b","a/b"]', 'upload.types: names something twice'],
    ['slicing.ladder', '[720,720]', 'slicing.ladder: names something twice'],
    ['auth.connectOrigins', '["https://a:99999"]', 'auth.connectOrigins.0'],
    ['live.deletionProtection', 'no', 'live.deletionProtection'],
    ['live.privateSubnets', 'no', 'live.privateSubnets'],
    ['live.cpu', '100', 'live.cpu'],
    ['live.memoryMiB', '100', 'live.memoryMiB'],
    ['live.minTasks', '0', 'live.minTasks'],
    ['live.maxTasks', '0', 'live.maxTasks'],
    ['live.streamsPerTask', '0', 'live.streamsPerTask'],
    ['live.encryption', 'cbcs', 'live.encryption'],
    ['live.segmentSeconds', '0.5', 'live.segmentSeconds'],
    ['live.playlistSeconds', '5', 'live.playlistSeconds'],
    ['live.onDemandMinutes', '0', 'live.onDemandMinutes'],
    ['live.idleStopSeconds', '-1', 'live.idleStopSeconds'],
    ['live.startSeconds', '1', 'live.startSeconds'],
    ['live.retentionDays', '4', 'live.retentionDays'],
    ['live.stateSeconds', '1', 'live.stateSeconds'],
    ['live.positionSeconds', '1', 'live.positionSeconds'],
    ['live.drainSeconds', '120', 'live.drainSeconds'],
    ['live.unknownDays', '0', 'live.unknownDays'],
    ['live.requireAuthCode', 'no', 'live.requireAuthCode'],
    ['live.sameNetwork', 'no', 'live.sameNetwork'],
    ['live.maxConnections', '1', 'live.maxConnections'],
    ['live.maxConnectionsPerAddress', '0', 'live.maxConnectionsPerAddress'],
    ['live.idleSeconds', '10', 'live.idleSeconds'],
    ['live.firstByteSeconds', '1', 'live.firstByteSeconds'],
    ['live.maxFrameKiB', '1', 'live.maxFrameKiB'],
    ['live.streamBufferMiB', '0', 'live.streamBufferMiB'],
    ['live.maxAttachmentMiB', '0', 'live.maxAttachmentMiB'],
    ['live.commandsPerSecond', '0', 'live.commandsPerSecond'],
    ['live.unknownPerMinute', '0', 'live.unknownPerMinute'],
    ['live.maxFilesPerDay', '0', 'live.maxFilesPerDay'],
    ['live.maxFilesMiBPerDay', '0', 'live.maxFilesMiBPerDay'],
    ['live.maxEncodesPerDay', '-1', 'live.maxEncodesPerDay'],
    ['live.maxAlarmsPerDay', '9', 'live.maxAlarmsPerDay'],
    ['live.maxPositionsPerDay', '999', 'live.maxPositionsPerDay'],
    ['live.maxStreamMbps', '201', 'live.maxStreamMbps'],
    ['live.oldNameIndex', 'byName', 'live.oldNameIndex'],
    ['live.mapTilesUrl', 'https://tiles.example/{z}/{x}.png', 'live.mapTilesUrl'],
    ['live.mapTilesUrl', '//tiles.example/{z}/{x}/{y}.png', 'live.mapTilesUrl'],
    ['live.mapTilesUrl', 'ftp://tiles.example/{z}/{x}/{y}.png', 'live.mapTilesUrl'],
    ['live.mapTilesUrl', 'https://{s}.tiles.example/{z}/{x}/{y}.png', 'live.mapTilesUrl'],
    ['live.mapTilesUrl', 'https://tiles.example/world.pmtiles', 'live.mapTilesUrl'],
    ['live.mapTilesUrl', '/world.pmtiles', 'live.mapTilesUrl'],
    ['live.mapTilesUrl', '/tiles/../api/world.pmtiles', 'live.mapTilesUrl'],
    ['live.mapTilesUrl', '/tiles/world.pmtiles?v=2', 'live.mapTilesUrl'],
    ['live.mapTilesUrl', '/tiles/world.mbtiles', 'live.mapTilesUrl'],
    ['live.mapTilesUrl', "https://tiles.example/{z}/{x}/{y}; script-src 'unsafe-inline'", 'live.mapTilesUrl'],
    ['live.mapAttribution', '', 'live.mapAttribution'],
    ['live.mapAttributionUrl', 'javascript:alert(1)', 'live.mapAttributionUrl'],
    ['live.enable', 'true', 'live.enable'],
    ['upload', '3', 'upload'],
    ['uploads.maxSizeGiB', '3', 'uploads'],
    ['__proto__.x', '3', '__proto__'],
  ])('%s = %j is refused and named', (option, value, named) => {
    expect(() => readAppConfig(app({ env: 'dev', environments, [option]: value }))).toThrow(
      expect.objectContaining({ name: 'ConfigError', message: expect.stringContaining(named) as string }),
    );
  });

  // Only where the live part is wanted: together they must make sense.
  it.each<[Record<string, unknown>, string]>([
    [{ 'live.cpu': '256' }, 'live.memoryMiB'],
    [{ 'live.memoryMiB': '4100' }, 'live.memoryMiB'],
    [{ 'live.minTasks': '5', 'live.maxTasks': '4' }, 'live.maxTasks'],
    [{ 'live.announceTls': 'true' }, 'live.announceTls'],
    [{ 'live.allowedCidrs': networks(21) }, 'live.allowedCidrs: 21 networks times 3 open ports are 63 rules'],
    [
      { 'live.allowedCidrs': networks(11), 'live.tlsCertificateArn': CERTIFICATE },
      '66 rules, and a security group takes 60: at most 10 networks',
    ],
    [
      { 'live.allowedCidrs': networks(16), 'live.tlsCertificateArn': CERTIFICATE, 'live.sharedPort': 'true' },
      '64 rules, and a security group takes 60: at most 15 networks',
    ],
    [{ 'live.segmentSeconds': '10' }, 'live.playlistSeconds'],
    [{ 'live.mediaPort': '808' }, 'live.mediaPort'],
    [{ 'live.idleSeconds': '330', 'live.tlsCertificateArn': CERTIFICATE }, 'live.idleSeconds'],
    [{ 'live.tlsControlPort': '1078', 'live.tlsCertificateArn': CERTIFICATE }, 'live.tlsControlPort'],
  ])('%j is refused and named when live is on, and no matter when it is off', (options, named) => {
    expect(() => readAppConfig(app({ env: 'dev', environments, 'live.enabled': 'true', ...options }))).toThrow(
      expect.objectContaining({ name: 'ConfigError', message: expect.stringContaining(named) as string }),
    );
    expect(readAppConfig(app({ env: 'dev', environments, ...options })).live.enabled).toBe(false);
  });

  // The map is there whether or not devices are taken in now.
  it.each<[Record<string, unknown>, string]>([
    [{ 'upload.pullPrivate': true }, 'upload.pullPrivate'],
    [{ 'playback.hookUrl': 'http://hook.example/' }, 'playback.hookUrl'],
    [{ 'slicing.encryption': 'drm' }, 'slicing.encryption'],
    [{ 'drm.widevine': 'https://a.example/' }, 'drm.widevine'],
    [{ 'drm.secretArn': SECRET }, 'drm.secretArn'],
    [{ 'kafka.secretArn': SECRET }, 'kafka.secretArn: needs kafka.brokers'],
    [{ 'kafka.clusterArn': CLUSTER }, 'kafka.clusterArn: needs kafka.brokers'],
    [{ 'kafka.subnetIds': ['subnet-01234567'] }, 'kafka.subnetIds: needs kafka.brokers'],
    [{ 'kafka.securityGroupIds': ['sg-01234567'] }, 'kafka.securityGroupIds: needs kafka.brokers'],
    [{ 'kafka.sasl': 'iam' }, 'kafka.sasl: needs kafka.brokers'],
    [{ ...KAFKA, 'kafka.sasl': 'scram-sha-512' }, 'kafka.sasl: scram-sha-512 needs kafka.secretArn'],
    [{ ...KAFKA, 'kafka.sasl': 'plain', 'kafka.secretArn': SECRET, 'kafka.tls': false }, 'kafka.tls: plain'],
    [{ ...KAFKA, 'kafka.sasl': 'iam', 'kafka.clusterArn': CLUSTER, 'kafka.tls': false }, 'kafka.tls: iam'],
    [{ ...KAFKA, 'kafka.secretArn': SECRET, 'kafka.tls': false }, 'kafka.secretArn: nothing of it'],
    [{ ...KAFKA, 'kafka.sasl': 'iam' }, 'kafka.clusterArn'],
    [{ ...KAFKA, 'kafka.clusterArn': CLUSTER }, 'kafka.clusterArn'],
    [{ ...KAFKA, 'kafka.subnetIds': ['subnet-01234567'] }, 'kafka.subnetIds and kafka.securityGroupIds'],
    [{ 'kafka.brokers': ['kafka.example'] }, 'kafka.brokers'],
    [{ 'kafka.brokers': ['kafka.example:70000'] }, 'kafka.brokers'],
    [{ 'kafka.brokers': ['10.0.0.300:9092'] }, 'kafka.brokers'],
    [{ ...KAFKA, 'kafka.topic': '..' }, 'kafka.topic'],
    [{ 'drm.keyServer': 'https://a.example/', 'slicing.engine': 'auto' }, 'drm.keyServer'],
    [{ 'drm.keyServer': 'https://a.example/', 'drm.widevine': 'https://a.example/' }, 'slicing.engine'],
    [{ ...DRM, 'drm.fairplay': 'https://a.example/{contentId}' }, 'drm.fairplayCertificate'],
    [
      { ...DRM, 'drm.fairplay': 'https://a.example/', 'drm.fairplayCertificate': 'https://a.example/' },
      'drm.fairplay: must hold {contentId}',
    ],
    [{ ...DRM, 'drm.fairplayCertificate': 'https://a.example/' }, 'drm.fairplay '],
    [{ ...DRM, 'drm.playready': 'http://a.example/' }, 'drm.playready'],
    [{ ...DRM, 'drm.keyServer': 'http://a.example/' }, 'drm.keyServer'],
    [{ ...DRM, 'drm.playready': 'https://a.example/{contentID}' }, 'drm.playready: knows no placeholder'],
    [{ ...DRM, 'drm.widevine': 'https://a.example/{contentId}/{' }, 'drm.widevine: knows no placeholder'],
    [{ 'live.mapTilesUrl': 'https://tiles.example/{z}/{x}/{y}.png' }, 'live.mapAttribution'],
    [{ 'live.mapAttribution': '© Tiles' }, 'live.mapTilesUrl'],
    [{ 'live.mapAttributionUrl': 'https://tiles.example/' }, 'live.mapTilesUrl'],
    [{ 'live.mapTilesUrl': 'http://tiles.example/{z}/{x}/{y}', 'live.mapAttribution': '© Tiles' }, 'live.mapTilesUrl'],
  ])('%j is refused and named', (options, named) => {
    for (const on of ['true', 'false'])
      expect(() => readAppConfig(app({ env: 'dev', environments, 'live.enabled': on, ...options }))).toThrow(
        expect.objectContaining({ name: 'ConfigError', message: expect.stringContaining(named) as string }),
      );
  });

  it.each<[Record<string, unknown>, string]>([
    [
      { 'auth.connectOrigins': JSON.stringify(['a', 'b', 'c'].map((name) => `https://${name.repeat(200)}.example`)) },
      'auth.connectOrigins: with auth.issuer and live.mapTilesUrl',
    ],
    [
      {
        'auth.scope': 's'.repeat(256),
        'auth.resource': 'r'.repeat(256),
        'upload.types': JSON.stringify(Array.from({ length: 16 }, (_, i) => `video/${i}${'x'.repeat(90)}`)),
      },
      'auth.*, upload.types, live.map*:',
    ],
  ])('%# what is too much together is refused, and says for what', (options, message) => {
    const issuer = { 'auth.issuer': 'https://id.example', 'auth.audience': 'a', 'auth.clientId': 'c' };
    expect(() => readAppConfig(app({ env: 'dev', environments, ...issuer, ...options }))).toThrow(message);
  });

  it('one shared port needs no port of its own for attachments', () => {
    const options = { 'live.enabled': 'true', 'live.sharedPort': 'true', 'live.attachmentPort': '1078' };
    expect(readAppConfig(app({ env: 'dev', environments, ...options })).live.sharedPort).toBe(true);
  });

  it.each([
    'https://tiles.example:8443/osm/{z}/{x}/{y}.png?key=a%20b',
    '/tiles/{z}/{x}/{y}.webp',
    '/tiles/2026/world.pmtiles',
  ])('takes map tiles at %s', (url) => {
    const options = { 'live.enabled': 'true', 'live.mapTilesUrl': url, 'live.mapAttribution': '© Tiles' };
    expect(readAppConfig(app({ env: 'dev', environments, ...options })).live.mapTilesUrl).toBe(url);
  });

  it('has a row above for every option of the live part', () => {
    const source = readFileSync(new URL(import.meta.url), 'utf8');
    for (const path of optionPaths().filter((path) => path.startsWith('live.')))
      expect(source).toContain(`['${path}', `);
  });

  it.each(['Prod', 'my_team', '1st', 'a-name-of-17-char', ''])('an environment called %j is refused', (env) => {
    expect(() => readConfig(context({ env, environments: { [env]: {} } }))).toThrow(/^env: /);
  });

  it.each([
    ['aws-videos', 'dev'],
    ['videos', 'amazonas'],
    ['my-cognito', 'dev'],
  ])('%s-%s is no name where Cognito makes a host of it', (name, env) => {
    const issuer = { issuer: 'https://id.example', audience: 'a', clientId: 'c' };
    const read = (block: object) => readConfig(context({ env, environments: { [env]: { name, ...block } } }));
    expect(() => read({})).toThrow(/^name: /);
    expect(read({ auth: issuer }).name).toBe(name);
  });

  it('names an environment that is not there, and says which are', () => {
    expect(() => readConfig(context({ env: 'stage', environments }))).toThrow(/"stage".*local, dev, prod, smoke/);
    expect(() => readConfig(context({ env: 'dev' }))).toThrow(ConfigError);
  });

  it('has a documentation page that names every option and is up to date', () => {
    const page = readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8');
    for (const path of optionPaths()) expect(page).toContain(`\`${path}\``);
    expect(page, 'run `npm run docs`').toBe(configurationPage());
  });
});
