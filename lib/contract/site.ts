/** Sites: origins of pages on which something may be played. Pure, and without zod: the console has it, too. */

/**
 * An origin as browsers send it (RFC 6454 6.2): no path, no default port, lower case; of a name as policies have them (CSP 3,
 * `host-char`) or an address. It stands in a policy as it is (lambdas/playback/embed-page.ts), where a semicolon would begin another
 * directive and a star stand for any name, both of which URLs let through.
 */
export const isSite = (text: string): boolean =>
  /^https?:\/\/(?:[a-z0-9.-]+|\[[0-9a-f:]+\])(?::\d{1,5})?$/.test(text) &&
  URL.canParse(text) &&
  new URL(text).origin === text;
