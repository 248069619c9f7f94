/** A person's groups, from the claims of their token as the issuer signed it. Pure; functions and console read alike. */

/**
 * The groups that `claims[name]` lists: the texts of an array, as they stand. A text is the name of one group, whatever is
 * in it: group names may hold spaces, commas and brackets, so a list in one text cannot be told from a name.
 */
export function groupsOf(claims: Readonly<Record<string, unknown>>, name: string): string[] {
  const claim = Object.hasOwn(claims, name) ? claims[name] : undefined;
  if (Array.isArray(claim)) return claim.filter((group) => typeof group === 'string');
  return typeof claim === 'string' ? [claim] : [];
}
