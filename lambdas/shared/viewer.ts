/** Who is asking. */
import { groupsOf } from '../../lib/contract/groups.ts';

export interface Viewer {
  /** `sub` of the token. */
  readonly subject: string;
  readonly groups: readonly string[];
}

export const isAdmin = (viewer: Viewer): boolean => viewer.groups.includes('admin');
export const mayUpload = (viewer: Viewer): boolean => isAdmin(viewer) || viewer.groups.includes('uploader');

/** The viewer in the claims of a verified token, as the issuer signed them; never in what API Gateway makes of them. */
export function viewerOf(claims: Readonly<Record<string, unknown>>, groupsClaim: string): Viewer | undefined {
  const subject = claims['sub'];
  if (typeof subject !== 'string' || subject === '') return undefined;
  return { subject, groups: groupsOf(claims, groupsClaim) };
}
