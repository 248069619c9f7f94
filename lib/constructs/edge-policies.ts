/** Cache and response-header policies of the distribution, one of each per kind of file. */
import { Aws, Duration } from 'aws-cdk-lib';
import {
  CachePolicy,
  CacheCookieBehavior,
  CacheHeaderBehavior,
  CacheQueryStringBehavior,
  OriginRequestHeaderBehavior,
  OriginRequestQueryStringBehavior,
  OriginRequestPolicy,
  HeadersFrameOption,
  HeadersReferrerPolicy,
  ResponseHeadersPolicy,
  type ResponseHeadersCorsBehavior,
  type ResponseSecurityHeadersBehavior,
} from 'aws-cdk-lib/aws-cloudfront';
import type { Bucket } from 'aws-cdk-lib/aws-s3';
import type { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { eventsRoutes } from '../contract/insight-api.ts';
import { edgeName } from './edge-names.ts';

/** Nothing of the viewer is in the key: a signature in the query must not make a copy of a segment per viewer. */
const sharedByAll = {
  queryStringBehavior: CacheQueryStringBehavior.none(),
  headerBehavior: CacheHeaderBehavior.none(),
  cookieBehavior: CacheCookieBehavior.none(),
  minTtl: Duration.seconds(0),
};

/** Segments and posters lie under a revision that never changes. Already compressed, so one encoding only. */
export const segmentCache = (scope: Construct): CachePolicy =>
  new CachePolicy(scope, 'SegmentCache', {
    cachePolicyName: edgeName(scope, 'SegmentCache'),
    comment: 'Immutable media, for a year',
    ...sharedByAll,
    defaultTtl: Duration.days(365),
    maxTtl: Duration.days(365),
  });

/** Media playlists are text: compressed, and kept a day at most, so that a mistake in one does not last. */
export const playlistCache = (scope: Construct): CachePolicy =>
  new CachePolicy(scope, 'PlaylistCache', {
    cachePolicyName: edgeName(scope, 'PlaylistCache'),
    comment: 'Media playlists, compressed, for a day at most',
    ...sharedByAll,
    defaultTtl: Duration.hours(1),
    maxTtl: Duration.days(1),
    enableAcceptEncodingGzip: true,
    enableAcceptEncodingBrotli: true,
  });

/** A live playlist is another one with each segment. Half of one is how much later a viewer may learn of it. */
export const livePlaylistCache = (scope: Construct, { live }: Config): CachePolicy =>
  new CachePolicy(scope, 'LivePlaylistCache', {
    cachePolicyName: edgeName(scope, 'LivePlaylistCache'),
    comment: 'Live playlists, compressed, for less than a segment',
    ...sharedByAll,
    defaultTtl: Duration.seconds(1),
    maxTtl: Duration.seconds(Math.max(1, Math.floor(live.segmentSeconds / 2))),
    enableAcceptEncodingGzip: true,
    enableAcceptEncodingBrotli: true,
  });

/** Live segments, and MP4s that were asked for, never change, but they go after some time; a copy outlives them by a day. */
export const liveSegmentCache = (scope: Construct): CachePolicy =>
  new CachePolicy(scope, 'LiveSegmentCache', {
    cachePolicyName: edgeName(scope, 'LiveSegmentCache'),
    comment: 'Live and recorded segments and MP4s, for a day',
    ...sharedByAll,
    defaultTtl: Duration.days(1),
    maxTtl: Duration.days(1),
  });

/** The console's index.html and icons: a deploy shows within a minute, `maxTtl` or the object's own Cache-Control. */
export const pageCache = (scope: Construct): CachePolicy =>
  new CachePolicy(scope, 'PageCache', {
    cachePolicyName: edgeName(scope, 'PageCache'),
    comment: 'The console, whose files may change with a deploy',
    ...sharedByAll,
    defaultTtl: Duration.minutes(1),
    maxTtl: Duration.hours(1),
    enableAcceptEncodingGzip: true,
    enableAcceptEncodingBrotli: true,
  });

/** Where CloudFront says the viewer is (ISO 3166-1 alpha-2), in place of what the viewer says. */
const COUNTRY = 'CloudFront-Viewer-Country';
/** What kind of device they have, by their `User-Agent`; one of these is `true`, and of a tablet two. */
const DEVICES = ['Desktop', 'Mobile', 'SmartTV', 'Tablet'].map((kind) => `CloudFront-Is-${kind}-Viewer`);
const CORS = ['Origin', 'Access-Control-Request-Headers', 'Access-Control-Request-Method'];

/**
 * Of the API nothing is cached: each answer says `no-store`, or is of the caller alone. It is not the managed policy for that, since
 * no origin request policy both leaves the viewer's host out and adds the country, and what a cache policy names is sent on, too.
 * CloudFront takes headers in a policy that may keep something for a second (API Reference, CachePolicyConfig). What tells callers
 * apart is all in the key; and requests with cookies forwarded never wait for each other's answer (Developer Guide, "Request
 * collapsing").
 */
export const apiCache = (scope: Construct): CachePolicy =>
  new CachePolicy(scope, 'ApiCache', {
    cachePolicyName: edgeName(scope, 'ApiCache'),
    comment: 'The API, of which nothing is kept; adds the country of the viewer',
    queryStringBehavior: CacheQueryStringBehavior.all(),
    headerBehavior: CacheHeaderBehavior.allowList('Authorization', COUNTRY),
    cookieBehavior: CacheCookieBehavior.all(),
    minTtl: Duration.seconds(0),
    defaultTtl: Duration.seconds(0),
    maxTtl: Duration.seconds(1),
  });

/**
 * What players report: of the viewer nothing but where they are and on what kind of device, as CloudFront tells it; no cookie and
 * no token, which a player's request would bring along. Beside the managed policy that keeps nothing.
 */
export const reportRequests = (scope: Construct): OriginRequestPolicy =>
  new OriginRequestPolicy(scope, 'ReportRequests', {
    originRequestPolicyName: edgeName(scope, 'ReportRequests'),
    comment: 'What players report: the address, what CORS takes, country and kind of device of the viewer',
    queryStringBehavior: OriginRequestQueryStringBehavior.allowList(
      ...Object.keys(eventsRoutes['POST /api/events'].query.shape),
    ),
    headerBehavior: OriginRequestHeaderBehavior.allowList(...CORS, COUNTRY, ...DEVICES),
  });

/** To the bucket, what CORS takes (as the managed CORS-S3Origin); and for the function in front of media, the viewer's country. */
export const mediaRequests = (scope: Construct): OriginRequestPolicy =>
  new OriginRequestPolicy(scope, 'MediaRequests', {
    originRequestPolicyName: edgeName(scope, 'MediaRequests'),
    comment: 'Media: what CORS takes, and the country of the viewer',
    headerBehavior: OriginRequestHeaderBehavior.allowList(...CORS, COUNTRY),
  });

const security = {
  strictTransportSecurity: { accessControlMaxAge: Duration.days(365), includeSubdomains: true, override: true },
  contentTypeOptions: { override: true },
  // Signatures and tokens stand in queries; no other host is told them.
  referrerPolicy: { referrerPolicy: HeadersReferrerPolicy.STRICT_ORIGIN_WHEN_CROSS_ORIGIN, override: true },
} satisfies ResponseSecurityHeadersBehavior;

/** Pages elsewhere may play: no credentials, since signed URLs need none. */
const cors = (config: Config): ResponseHeadersCorsBehavior => ({
  accessControlAllowOrigins: config.playback.allowedOrigins,
  accessControlAllowMethods: ['GET', 'HEAD', 'OPTIONS'],
  accessControlAllowHeaders: ['*'],
  accessControlExposeHeaders: ['Age', 'Content-Length', 'Content-Range', 'Date', 'ETag', 'X-Cache'],
  accessControlAllowCredentials: false,
  accessControlMaxAge: Duration.days(1),
  originOverride: true,
});

export const mediaHeaders = (scope: Construct, config: Config): ResponseHeadersPolicy =>
  new ResponseHeadersPolicy(scope, 'MediaHeaders', {
    responseHeadersPolicyName: edgeName(scope, 'MediaHeaders'),
    comment: 'Media: CORS, no sniffing',
    corsBehavior: cors(config),
    securityHeadersBehavior: security,
  });

/** Whoever may watch is handed the key anew: one that a browser kept could be used when they may not any more. */
export const keyHeaders = (scope: Construct, config: Config): ResponseHeadersPolicy =>
  new ResponseHeadersPolicy(scope, 'KeyHeaders', {
    responseHeadersPolicyName: edgeName(scope, 'KeyHeaders'),
    comment: 'Keys of segments: as media, and no browser keeps them',
    corsBehavior: cors(config),
    securityHeadersBehavior: security,
    customHeadersBehavior: {
      customHeaders: [{ header: 'Cache-Control', value: 'no-store', override: true }],
    },
  });

/** The API answers CORS itself. */
export const apiHeaders = (scope: Construct): ResponseHeadersPolicy =>
  new ResponseHeadersPolicy(scope, 'ApiHeaders', {
    responseHeadersPolicyName: edgeName(scope, 'ApiHeaders'),
    comment: 'API: no sniffing, no framing',
    securityHeadersBehavior: {
      ...security,
      frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
      contentSecurityPolicy: {
        contentSecurityPolicy: "default-src 'none'; frame-ancestors 'none'",
        override: true,
      },
    },
  });

export const consoleHeaders = (scope: Construct, config: Config, sources: Bucket): ResponseHeadersPolicy =>
  new ResponseHeadersPolicy(scope, 'ConsoleHeaders', {
    responseHeadersPolicyName: edgeName(scope, 'ConsoleHeaders'),
    comment: 'Console: content security policy, no framing',
    securityHeadersBehavior: {
      ...security,
      frameOptions: { frameOption: HeadersFrameOption.DENY, override: true },
      contentSecurityPolicy: { contentSecurityPolicy: contentSecurityPolicy(config, sources), override: true },
    },
  });

/** The page for frames: its own answer says by whom it may be framed, and what it may load (lambdas/playback/embed-page.ts). */
export const embedHeaders = (scope: Construct): ResponseHeadersPolicy =>
  new ResponseHeadersPolicy(scope, 'EmbedHeaders', {
    responseHeadersPolicyName: edgeName(scope, 'EmbedHeaders'),
    comment: 'The page for frames: no sniffing; its policy is its own',
    securityHeadersBehavior: security,
  });

/** The player that other pages load: those that may play may load it. */
export const playerHeaders = (scope: Construct, config: Config): ResponseHeadersPolicy =>
  new ResponseHeadersPolicy(scope, 'PlayerHeaders', {
    responseHeadersPolicyName: edgeName(scope, 'PlayerHeaders'),
    comment: 'The player for other pages: CORS, no sniffing',
    corsBehavior: cors(config),
    securityHeadersBehavior: security,
  });

/** For files whose names carry a hash of their content. */
export const assetHeaders = (scope: Construct, config: Config, sources: Bucket): ResponseHeadersPolicy =>
  new ResponseHeadersPolicy(scope, 'AssetHeaders', {
    responseHeadersPolicyName: edgeName(scope, 'AssetHeaders'),
    comment: 'Console files named by their hash: kept for a year',
    securityHeadersBehavior: {
      ...security,
      // A worker made from one of these files obeys the policy its own answer carries.
      contentSecurityPolicy: { contentSecurityPolicy: contentSecurityPolicy(config, sources), override: true },
    },
    customHeadersBehavior: {
      customHeaders: [{ header: 'Cache-Control', value: 'public, max-age=31536000, immutable', override: true }],
    },
  });

/**
 * Where the console's scripts may reach: this host, the upload bucket and the issuer; pictures may be of the map's tiles, too.
 * Players work from blobs and workers.
 */
export function contentSecurityPolicy(config: Config, sources: Pick<Bucket, 'bucketRegionalDomainName'>): string {
  const issuer = issuerOrigins(config);
  const tiles = tilesOrigin(config);
  const connect = ["'self'", `https://${sources.bucketRegionalDomainName}`, ...issuer];
  // The local engine takes uploads, and the local issuer signs people in, by plain http on ports of their own.
  if (!config.enforceTls) connect.push('http://127.0.0.1:*', 'http://localhost:*');
  const frames = config.enforceTls ? issuer : [...issuer, 'http://127.0.0.1:*', 'http://localhost:*'];
  return Object.entries({
    'default-src': ["'self'"],
    'script-src': ["'self'"],
    'style-src': ["'self'", "'unsafe-inline'"],
    'img-src': ["'self'", 'data:', 'blob:', ...tiles],
    'font-src': ["'self'", 'data:'],
    // hls.js gives its text tracks an empty source of their own, `data:,WEBVTT`.
    'media-src': ["'self'", 'blob:', 'data:'],
    'worker-src': ["'self'", 'blob:'],
    'connect-src': connect,
    'frame-src': frames,
    'object-src': ["'none'"],
    'base-uri': ["'self'"],
    'form-action': ["'self'"],
    'frame-ancestors': ["'none'"],
  })
    .map(([name, values]) => `${name} ${values.join(' ')}`)
    .join('; ');
}

/** Empty for tiles of this host. */
function tilesOrigin({ live }: Config): string[] {
  const { mapTilesUrl } = live;
  return mapTilesUrl !== undefined && !mapTilesUrl.startsWith('/') ? [new URL(mapTilesUrl).origin] : [];
}

/** Cognito keeps keys and sign-in pages on two hosts; any other issuer is expected to serve its endpoints from its own. */
function issuerOrigins(config: Config): string[] {
  if (config.auth.issuer !== undefined) return [new URL(config.auth.issuer).origin, ...config.auth.connectOrigins];
  return [
    `https://cognito-idp.${Aws.REGION}.amazonaws.com`,
    `https://${config.name}-${config.environment}-${Aws.ACCOUNT_ID}.auth.${Aws.REGION}.amazoncognito.com`,
  ];
}
