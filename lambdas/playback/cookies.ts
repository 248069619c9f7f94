/** `Set-Cookie` of CloudFront's signed cookies (CloudFront Developer Guide, "Set signed cookies using a custom policy"). */

interface CookieOptions {
  /** Path they are sent to, e.g. `/vod/{id}/`: another video's cookies lie beside these, not over them. */
  readonly path: string;
  readonly maxAgeSeconds: number;
  /** False only where viewers come by plain http: Chromium and Firefox take Secure cookies on loopback, Safari does not. */
  readonly secure: boolean;
}

/** SameSite=Lax: cookies are for pages of this host. Pages elsewhere use signed URLs; browsers block such cookies there. */
export function setCookies(values: Readonly<Record<string, string>>, options: CookieOptions): string[] {
  const { path, maxAgeSeconds, secure } = options;
  const attributes = `Path=${path}; Max-Age=${Math.floor(maxAgeSeconds)}; HttpOnly; SameSite=Lax${secure ? '; Secure' : ''}`;
  return Object.entries(values).map(([name, value]) => `${name}=${value}; ${attributes}`);
}
