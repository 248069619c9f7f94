/** Where a request comes from, as CloudFront and API Gateway hand it on. Pure. */
import { isCountry } from '../../lib/contract/country.ts';
import type { From } from './entitlement.ts';

/**
 * CloudFront appends the viewer's address to `X-Forwarded-For`, API Gateway then CloudFront's (their developer guides), so the
 * viewer's is the last but one. Who calls API Gateway by its own name says there what they like: a grant for one address is
 * held by the edge, too, which sees who comes, and so is the country, which CloudFront puts in the place of what a viewer says.
 */
export function fromOf(headers: Readonly<Record<string, string | undefined>>, ownUrl: string): From {
  const ip = headers['x-forwarded-for']?.split(',').slice(-2)[0]?.trim();
  const site = siteOf(headers);
  const country = headers['cloudfront-viewer-country'];
  return {
    ...(ip !== undefined && ip !== '' && { ip }),
    ...(country !== undefined && isCountry(country) && { country }),
    ...(site !== undefined && site !== ownUrl && { site }),
  };
}

/** As browsers send it of a page that is nobody's (HTML, "opaque origin"). No grant can name it. */
const UNKNOWN = 'null';

/**
 * Origin of the page that asks; undefined: none does. Browsers send `Origin` with what scripts ask for, and with what elements do that
 * have `crossorigin`. Of a plain `<video>` they say whether it is on another page (Fetch Metadata, `Sec-Fetch-Site`), and whose that is as
 * far as the page lets them (`Referer`). A page can choose none of the three. A person who follows a link sees the answer in place of
 * the page.
 */
function siteOf({
  origin,
  referer,
  'sec-fetch-site': relation,
  'sec-fetch-dest': destination,
}: Readonly<Record<string, string | undefined>>): string | undefined {
  if (origin !== undefined) return origin;
  if (relation === 'same-origin' || relation === 'none' || destination === 'document') return undefined;
  const page = referer !== undefined && URL.canParse(referer) ? new URL(referer).origin : undefined;
  // Browsers older than Fetch Metadata, and media that Safari loads, say a Referer alone.
  return page ?? (relation === undefined ? undefined : UNKNOWN);
}
