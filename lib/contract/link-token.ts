/** The token of a link. Imports nothing. */

/** What is handed out: the id, and 32 letters and digits that nobody can guess, over 190 bits. */
const TOKEN = /^([A-Za-z0-9]{16})\.([A-Za-z0-9]{32})$/;

/** Undefined: it is no link's token. A JWT has two dots. */
export function parseLinkToken(token: string): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = TOKEN.exec(token) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}
