/** The app's two stacks, with devices and without: what stays where it is, and what there is a way back from. */
import { describe, expect, it } from 'vitest';
import { tagOf } from '../../local/smoke/leftovers.ts';
import { synthesized, type TemplateText } from '../support/app.ts';
import { globalNames } from '../support/names.ts';

const on = synthesized({ 'live.enabled': true });
const off = synthesized();

const exportsOf = ({ Outputs = {} }: TemplateText) =>
  Object.entries(Outputs).flatMap(([id, output]) => (output.Export ? [[id, output] as const] : []));

/** Export names that a template imports. */
const importsOf = (template: TemplateText) => [
  ...new Set([...JSON.stringify(template).matchAll(/"Fn::ImportValue":"([^"]+)"/g)].map((match) => match[1]!)),
];

describe('turning live.enabled off', () => {
  it('leaves every resource of the first stack as it is but what watches over devices, and tells console and health', () => {
    expect(off.live).toBeUndefined();
    const [before, after] = [on.vod.Resources, off.vod.Resources];
    expect(Object.keys(after).filter((id) => !(id in before))).toEqual([]);
    const gone = Object.keys(before).filter((id) => !(id in after));
    expect(gone.filter((id) => !/^(Alarms|Dashboards)/.test(id))).toEqual([]);
    const changed = Object.keys(after).filter((id) => JSON.stringify(before[id]) !== JSON.stringify(after[id]));
    expect(changed.map((id) => id.replace(/[0-9A-F]{8}$/, ''))).toEqual([
      'CatalogHandler',
      'OperationsHealth',
      'OperationsMonitoringNestedStackMonitoringNestedStackResource',
    ]);
    const [told, formerly] = [after, before].map((all) => JSON.stringify(all[changed[0]!]).replaceAll('\\', ''));
    expect(told).toContain('"live":false');
    expect(formerly).toBe(told!.replace('"live":false', '"live":true'));
  });

  it('keeps what the live stack imports exported, or CloudFormation would refuse the deploy', () => {
    const names = exportsOf(off.vod).map(([, { Export }]) => Export!.Name);
    const imported = importsOf(on.live!);
    expect(imported.length).toBeGreaterThan(10);
    expect(imported.filter((name) => !names.includes(name))).toEqual([]);
    expect(exportsOf(off.vod)).toEqual(exportsOf(on.vod));
  });

  it('keeps tables, routes, live playback and the rules that end recordings', () => {
    const text = JSON.stringify(off.vod);
    for (const part of ['DevicesRegistrations', 'DevicesPositions', 'DevicesAlarms', 'DevicesFleet'])
      expect(Object.keys(off.vod.Resources).some((id) => id.startsWith(part))).toBe(true);
    for (const part of ['GET /api/devices', 'GET /api/play/live/{id}/{channel}/main.m3u8', '/live/*', 'recordings-365'])
      expect(text).toContain(`"${part}"`);
  });
});

describe('a second region of the same account', () => {
  const elsewhere = (region: string) => synthesized({ 'live.enabled': true, account: '123456789012', region });

  it.each([
    ['regions of the configuration', globalNames(elsewhere('eu-central-1')), globalNames(elsewhere('us-east-1'))],
    ["the CLI's region", globalNames(on, 'eu-central-1'), globalNames(on, 'us-east-1')],
    ['one of each', globalNames(elsewhere('eu-central-1')), globalNames(on, 'us-east-1')],
  ])('shares no name with the first: %s', (_, here, there) => {
    expect(here.size).toBeGreaterThan(12);
    expect([...here].filter((name) => there.has(name))).toEqual([]);
  });

  it('shares its own host name, which CloudFront gives to one distribution only, unless it has one of its own', () => {
    const named = (region: string, domainName: string) =>
      globalNames(
        synthesized({
          'live.enabled': true,
          region,
          'playback.domainName': domainName,
          'playback.certificateArn': 'arn:aws:acm:us-east-1:123456789012:certificate/a',
        }),
      );
    const first = named('eu-central-1', 'video.example.com');
    const shared = (there: ReadonlySet<string>) => [...first].filter((name) => there.has(name));
    expect(shared(named('eu-west-1', 'video.example.com'))).toEqual([
      'AWS::CloudFront::Distribution video.example.com',
    ]);
    expect(shared(named('eu-west-1', 'video-ie.example.com'))).toEqual([]);
  });

  it('is the same stack whether its region is configured or found by the CLI', () => {
    expect(globalNames(elsewhere('eu-central-1'))).toEqual(globalNames(on, 'eu-central-1'));
  });
});

describe.each([
  [31, 8],
  [23, 16],
])('the longest names there can be, of %i and %i characters', (ofName, ofEnvironment) => {
  const longest = { name: `s${'x'.repeat(ofName - 1)}`, account: '123456789012', region: 'us-isofxx-east-1' };
  const environment = `e${'y'.repeat(ofEnvironment - 1)}`;
  const names = globalNames(synthesized({ 'live.enabled': true, ...longest }, environment));

  it('are taken by CloudFront, and still differ', () => {
    expect(names.size).toBe(globalNames(on).size);
    for (const name of names) expect(name.replace(/^\S+ /, '')).toMatch(/^[A-Za-z0-9_-]{1,64}$/);
  });
});

describe('the way back of a stack that keeps its data', () => {
  const everything = [...Object.entries(on.vod.Resources), ...Object.entries(on.live!.Resources)];

  /** Whatever is called protection from deletion or termination, as a property or as an attribute with key and value. */
  const protections = (value: unknown): unknown[] => {
    if (Array.isArray(value)) return value.flatMap(protections);
    if (typeof value !== 'object' || value === null) return [];
    const { Key, Value } = value as Record<string, unknown>;
    if (typeof Key === 'string' && /protection/i.test(Key)) return [String(Value)];
    return Object.entries(value).flatMap(([name, inner]) =>
      /(deletion|termination).?protection/i.test(name) ? [String(inner)] : protections(inner),
    );
  };

  it('nothing refuses to be deleted, or a destroy and the roll-back of a first deploy would stop there', () => {
    const found = everything.flatMap(([id, { Properties }]) =>
      protections(Properties).map((value) => [id.replace(/[0-9A-F]{8}$/, ''), value]),
    );
    expect(found).toEqual([['IngestBalancer', 'false']]);
    expect([on.stacks.vod.terminationProtection, on.stacks.live!.terminationProtection]).not.toContain(true);
  });

  it('what stays has no name of ours, so that the next deploy can make its own', () => {
    const kept = everything.filter(([, { DeletionPolicy }]) => DeletionPolicy?.startsWith('Retain'));
    expect(kept.length).toBeGreaterThan(20);
    const named = kept.flatMap(([id, { Properties = {} }]) =>
      Object.keys(Properties)
        .filter((property) => /^(Name|[A-Za-z]+Name)$/.test(property))
        .map((property) => `${id}.${property}`),
    );
    expect(named).toEqual([]);
  });
});

describe('the tag that finds what a stack left behind', () => {
  /** Values of it in both templates, whatever form a type has for its tags. */
  const valuesOf = (options: Readonly<Record<string, unknown>>, environment?: string): unknown[] => {
    const { vod, live } = synthesized({ 'live.enabled': true, ...options }, environment);
    const text = JSON.stringify([vod, live]);
    const values = [...text.matchAll(/"Key":"sluice","Value":("[^"]*")|"sluice":("[^"]*")/g)];
    return [...new Set(values.map(([, listed, mapped]) => JSON.parse(listed ?? mapped!) as unknown))];
  };

  it("is of one name and one environment, and the smoke run's own look for it agrees", () => {
    expect(valuesOf({})).toEqual(['sluice-prod']);
    expect(valuesOf({ name: 'sluice-two' })).toEqual(['sluice-two-prod']);
    expect(valuesOf({}, 'pre-prod')).toEqual(['sluice-pre-prod']);
    expect(tagOf(on.stacks.vod.stackName)).toBe('sluice-prod');
    expect(tagOf(on.stacks.live!.stackName)).toBe('sluice-prod');
    expect(tagOf('sluice-pre-prod-vod')).toBe('sluice-pre-prod');
  });
});
