/** Who is asking. */
import type { Limits } from '../../lib/contract/entitlement.ts';
import { groupsOf } from '../../lib/contract/groups.ts';
import { line } from '../../lib/contract/text.ts';

export interface Viewer {
  /** `sub` of the token. */
  readonly subject: string;
  readonly groups: readonly string[];
  /** What somebody watches by who is nobody here. */
  readonly right?: Right;
}

/**
 * `key`: a backend that has registered its key says who may watch, as long as it is registered, and within which limits; never
 * more than a grant gives.
 * `link`: the video's owner made it, and it opens that video whatever its visibility.
 */
export type Right =
  | { readonly key: string; readonly limits?: Limits; readonly link?: never }
  /** `sites`: origins of pages, besides ours, on which the link plays; undefined: any. */
  | {
      readonly link: string;
      readonly sites?: readonly string[] | undefined;
      /** Epoch seconds at which the link is over; undefined: never by itself. */
      readonly until?: number | undefined;
      /** The link's video, where nothing has begun by it yet. */
      readonly unusedOf?: string | undefined;
      readonly key?: never;
    };

export const isAdmin = (viewer: Viewer): boolean => viewer.groups.includes('admin');
export const mayUpload = (viewer: Viewer): boolean => isAdmin(viewer) || viewer.groups.includes('uploader');

/** OpenID Connect Core 2: at most 255 ASCII characters. It is a key of tables, and stands in records as it is. */
const subjectOf = line(255);

/** The viewer in the claims of a verified token, as the issuer signed them; never in what API Gateway makes of them. */
export function viewerOf(claims: Readonly<Record<string, unknown>>, groupsClaim: string): Viewer | undefined {
  const subject = subjectOf.safeParse(claims['sub']);
  if (!subject.success) return undefined;
  return { subject: subject.data, groups: groupsOf(claims, groupsClaim) };
}
