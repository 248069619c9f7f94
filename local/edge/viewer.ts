/** What CloudFront tells origins and functions of a viewer: where they are, and on what kind of device. Pure. */
import type { Behaviour } from './config.ts';
import type { ViewerRequest } from './forward.ts';

/** The headers, in lower case as functions see them. */
const COUNTRY = 'cloudfront-viewer-country';
const DEVICES = {
  desktop: 'cloudfront-is-desktop-viewer',
  mobile: 'cloudfront-is-mobile-viewer',
  tablet: 'cloudfront-is-tablet-viewer',
  tv: 'cloudfront-is-smarttv-viewer',
} as const;

/** Those that are played, of all that CloudFront adds. */
export const ADDED: readonly string[] = [COUNTRY, ...Object.values(DEVICES)];

/**
 * The request with what a policy of the behaviour names of these headers, in place of what the viewer sent under their names
 * (Developer Guide, "Add CloudFront request headers"). Where none does, CloudFront adds nothing and takes nothing away.
 * `country`: ISO 3166-1 alpha-2; undefined: nobody knows, and CloudFront leaves the header out.
 */
export function introduced(request: ViewerRequest, behaviour: Behaviour, country: string | undefined): ViewerRequest {
  const { cachePolicy, originRequestPolicy: extra } = behaviour;
  const only = extra?.headers.kind === 'only' ? extra.headers.names : [];
  const named = ADDED.filter((name) => cachePolicy.headers.includes(name) || only.includes(name));
  if (named.length === 0) return request;
  const headers = new Headers(request.headers);
  const known: Readonly<Record<string, string | undefined>> = {
    ...deviceHeaders(headers.get('user-agent') ?? ''),
    [COUNTRY]: country,
  };
  for (const name of named) {
    headers.delete(name);
    const value = known[name];
    if (value !== undefined) headers.set(name, value);
  }
  return { ...request, headers };
}

/** By the `User-Agent`. A tablet is a mobile viewer, too (Developer Guide, "Device type headers"); by which words is CloudFront's own. */
function deviceHeaders(agent: string): Record<string, string> {
  const isTv = /smart-?tv|hbbtv|appletv|googletv|web0s|bravia|roku|crkey/i.test(agent);
  const isAndroid = /android/i.test(agent);
  const isTablet = !isTv && (/ipad|tablet|playbook|silk/i.test(agent) || (isAndroid && !/mobile/i.test(agent)));
  const isMobile = !isTv && (isTablet || isAndroid || /mobi|iphone|ipod/i.test(agent));
  const is = { desktop: !isTv && !isMobile, mobile: isMobile, tablet: isTablet, tv: isTv };
  return Object.fromEntries(Object.entries(DEVICES).map(([kind, name]) => [name, String(is[kind as keyof typeof is])]));
}
