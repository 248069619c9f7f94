/** Where a viewer is, as CloudFront tells origins and functions. Pure. */
import type { Behaviour } from './config.ts';
import type { ViewerRequest } from './forward.ts';

/** The header, in lower case as functions see it. */
export const COUNTRY = 'cloudfront-viewer-country';

/**
 * The request with the viewer's country, where a policy of the behaviour names it, in place of what the viewer sent under that
 * name (Developer Guide, "Add CloudFront request headers"). Where none does, CloudFront adds nothing and takes nothing away.
 * `country`: ISO 3166-1 alpha-2; undefined: nobody knows, and CloudFront leaves the header out.
 */
export function located(request: ViewerRequest, behaviour: Behaviour, country: string | undefined): ViewerRequest {
  const { cachePolicy, originRequestPolicy: extra } = behaviour;
  const isNamed =
    cachePolicy.headers.includes(COUNTRY) || (extra?.headers.kind === 'only' && extra.headers.names.includes(COUNTRY));
  if (!isNamed) return request;
  const headers = new Headers(request.headers);
  headers.delete(COUNTRY);
  if (country !== undefined) headers.set(COUNTRY, country);
  return { ...request, headers };
}
