/** Names of a template that no other stack of the account may have, wherever that stack is. */
import type { Templates } from './app.ts';

/**
 * Services without regions, and S3, whose buckets share one room. Not among them: Cognito's domains, which are
 * `{prefix}.auth.{region}.amazoncognito.com`.
 */
const GLOBAL = /^AWS::(CloudFront|IAM|Route53|S3|GlobalAccelerator|WAFv2|Organizations)::/;

/** Names that are no object's own: hosts of others, and policies within a role, which alone knows them by it. */
const NOT_THEIR_OWN = new Set(['DomainName', 'PolicyName']);

/** What calls an object by a name: its own, or the reference by which CloudFront tells one request from another. */
const isName = (property: string): boolean =>
  property === 'CallerReference' || (/(^|[a-z])Name$/.test(property) && !NOT_THEIR_OWN.has(property));

/** `type name` of each. `region`: what `AWS::Region` is, where the template leaves it to the CLI. */
export function globalNames({ vod, live }: Templates, region = 'eu-central-1'): Set<string> {
  const names = new Set<string>();
  for (const template of live === undefined ? [vod] : [vod, live]) {
    for (const { Type, Properties } of Object.values(template.Resources)) {
      if (!GLOBAL.test(Type)) continue;
      for (const name of namesIn(Properties, region)) names.add(`${Type} ${name}`);
    }
  }
  return names;
}

function namesIn(value: unknown, region: string): string[] {
  if (Array.isArray(value)) return value.flatMap((one) => namesIn(one, region));
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([property, inner]) =>
    // A host name belongs to one distribution of all there are.
    property === 'Aliases' && Array.isArray(inner)
      ? inner.map((alias) => resolved(alias, region))
      : isName(property)
        ? [resolved(inner, region)]
        : namesIn(inner, region),
  );
}

/** A name as CloudFormation would make it. Throws where it depends on anything but region and account. */
function resolved(value: unknown, region: string): string {
  if (typeof value === 'string') return value;
  const { Ref: ref, 'Fn::Join': join, 'Fn::Sub': text } = value as Record<string, unknown>;
  if (ref === 'AWS::Region') return region;
  if (ref === 'AWS::AccountId') return '123456789012';
  if (typeof text === 'string') return text.replaceAll('${AWS::Region}', region);
  if (Array.isArray(join)) return (join[1] as unknown[]).map((part) => resolved(part, region)).join(String(join[0]));
  throw new TypeError(`what is this name: ${JSON.stringify(value)}`);
}
