/** Who is asking. */
export interface Viewer {
  /** `sub` of the token. */
  readonly subject: string;
  readonly groups: readonly string[];
}

export const isAdmin = (viewer: Viewer): boolean => viewer.groups.includes('admin');
export const mayUpload = (viewer: Viewer): boolean => isAdmin(viewer) || viewer.groups.includes('uploader');

/**
 * The viewer in a verified token's claims. API Gateway hands array claims over as text, `[admin uploader]`
 * (no commas, no quotes); a JWT library hands them over as arrays. Both forms are read.
 */
export function viewerOf(claims: Readonly<Record<string, unknown>>, groupsClaim: string): Viewer | undefined {
  const subject = claims['sub'];
  if (typeof subject !== 'string' || subject === '') return undefined;
  return { subject, groups: groupsOf(claims[groupsClaim]) };
}

function groupsOf(claim: unknown): string[] {
  if (Array.isArray(claim)) return claim.filter((group) => typeof group === 'string');
  if (typeof claim !== 'string') return [];
  return claim
    .replace(/^\[|\]$/g, '')
    .split(/[\s,]+/)
    .filter((group) => group !== '');
}
