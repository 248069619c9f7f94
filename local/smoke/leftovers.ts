/** What a run left behind: what its stacks held and is still there, what is named after them, and what carries their tag. */
import { awsRequest } from '../aws-request.ts';
import { inventory, removal, type Thing } from '../inventory.ts';
import type { Where } from './where.ts';

export interface Leftover extends Thing {
  readonly remove: string;
}

/** `held`: physical ids of what the stacks held before they went. */
export async function leftovers({ access, stacks }: Where, held: ReadonlySet<string>): Promise<Leftover[]> {
  // `sluice-smoke-vod` and `sluice-smoke-live` make names that begin so, and others with `sluice-smoke-`.
  const prefixes = stacks.map((name) => name.replace(/-\w+$/, '-'));
  const known = new Set([...held].flatMap(namesIn));
  return (await inventory(access))
    .filter(({ name }) => known.has(name) || prefixes.some((prefix) => name.toLowerCase().includes(prefix)))
    .map((thing) => ({ ...thing, remove: removal(thing) }));
}

/** A physical id is a name, an address or an ARN with the name in it; behind a secret's, six characters are added. */
const namesIn = (id: string): string[] => [id, ...id.split(/[:/]/), id.replace(/^.*:secret:(.+)-\w{6}$/, '$1')];

/** Value of the tag `sluice` of all that a stack of this name makes (lib/app.ts). */
export const tagOf = (stack: string): string => stack.replace(/-\w+$/, '');

/** ARNs with that tag; a service may name what it has deleted for some hours more. */
export async function tagged({ access, stacks }: Where): Promise<string[]> {
  const tag = tagOf(stacks[0]!);
  const found: string[] = [];
  // Those of CloudFront are kept in us-east-1.
  for (const region of new Set([access.region, 'us-east-1'])) {
    let token = '';
    do {
      const text = await awsRequest(
        { ...access, region },
        {
          service: 'tagging',
          target: 'ResourceGroupsTaggingAPI_20170126.GetResources',
          json: { TagFilters: [{ Key: 'sluice', Values: [tag] }], PaginationToken: token },
        },
      );
      const page = JSON.parse(text) as { ResourceTagMappingList?: { ResourceARN: string }[]; PaginationToken?: string };
      found.push(...(page.ResourceTagMappingList ?? []).map(({ ResourceARN }) => ResourceARN));
      token = page.PaginationToken ?? '';
    } while (token !== '');
  }
  return [...new Set(found)];
}
