/** Where a request comes from, as CloudFront and API Gateway hand it on. Pure. */
import { isCountry } from '../../lib/contract/country.ts';
import type { From } from './entitlement.ts';

/**
 * CloudFront appends the viewer's address to `X-Forwarded-For`, API Gateway then CloudFront's (their developer guides), so the
 * viewer's is the last but one. Who calls API Gateway by its own name says there what they like: a grant for one address is
 * held by the edge, too, which sees who comes, and so is the country, which CloudFront puts in the place of what a viewer says.
 * `Origin` is sent by browsers, whose pages cannot choose it.
 */
export function fromOf(headers: Readonly<Record<string, string | undefined>>, ownUrl: string): From {
  const ip = headers['x-forwarded-for']?.split(',').slice(-2)[0]?.trim();
  const site = headers['origin'];
  const country = headers['cloudfront-viewer-country'];
  return {
    ...(ip !== undefined && ip !== '' && { ip }),
    ...(country !== undefined && isCountry(country) && { country }),
    ...(site !== undefined && site !== ownUrl && { site }),
  };
}
