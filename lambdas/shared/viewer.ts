/** Who is asking. */
import { groupsOf } from '../../lib/contract/groups.ts';
import { line } from '../../lib/contract/text.ts';

export interface Viewer {
  /** `sub` of the token. */
  readonly subject: string;
  readonly groups: readonly string[];
  /** What the token of a registered key gives, where it was one. */
  readonly right?: TokenRight;
}

/** A backend that has registered its key says who may watch; never more than a grant gives. */
export interface TokenRight {
  /** The key that says so, as long as it is registered. */
  readonly kid: string;
}

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
