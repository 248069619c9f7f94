/** Playback: the manifest Lambda, and the one distribution that serves console, API and media. */
import { Aws, CfnOutput, Duration, Stack } from 'aws-cdk-lib';
import { Certificate } from 'aws-cdk-lib/aws-certificatemanager';
import {
  AllowedMethods,
  CachePolicy,
  Distribution,
  Function as EdgeFunction,
  FunctionCode,
  FunctionEventType,
  FunctionRuntime,
  HttpVersion,
  OriginProtocolPolicy,
  OriginRequestPolicy,
  PriceClass,
  S3OriginAccessControl,
  SecurityPolicyProtocol,
  ViewerProtocolPolicy,
  type BehaviorOptions,
  type FunctionAssociation,
  type IKeyValueStore,
  type IOrigin,
} from 'aws-cdk-lib/aws-cloudfront';
import { HttpOrigin, S3BucketOrigin } from 'aws-cdk-lib/aws-cloudfront-origins';
import { Effect, PolicyStatement, ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { HttpMethods, type Bucket, type IBucket } from 'aws-cdk-lib/aws-s3';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { fileURLToPath } from 'node:url';
import type { Config } from '../config.ts';
import { EVENTS_PATH } from '../contract/events-address.ts';
import {
  CONTENT_KEYS_PREFIX,
  DOWNLOADS_PREFIX,
  SEGMENT_KEY_ENDING,
  SERVED_POSITIONS,
  TRACKS_PREFIX,
  VOD_PREFIX,
} from '../contract/keys.ts';
import { LIVE_PREFIX } from '../contract/live-keys.ts';
import { SOCKET } from '../contract/socket.ts';
import type { Api } from './api.ts';
import { drmServersOf } from './drm.ts';
import { edgeName } from './edge-names.ts';
import {
  apiCache,
  apiHeaders,
  assetHeaders,
  consoleHeaders,
  embedHeaders,
  keyHeaders,
  livePlaylistCache,
  liveSegmentCache,
  mediaHeaders,
  mediaRequests,
  pageCache,
  playerHeaders,
  playlistCache,
  reportRequests,
  segmentCache,
} from './edge-policies.ts';
import { SluiceFunction } from './function.ts';
import { hookEnvironment } from './hook.ts';
import { acknowledge } from './nag.ts';
import type { Presence } from './presence.ts';
import type { Revocation } from './revocation.ts';
import type { SigningKey } from './signing-key.ts';
import { BY_WHAT, type Storage } from './storage.ts';

export interface PlaybackProps {
  readonly config: Config;
  readonly storage: Storage;
  readonly api: Api;
  readonly presence: Pick<Presence, 'host' | 'servedAt'>;
  readonly signingKey: SigningKey;
  readonly revocation: Pick<Revocation, 'store' | 'revokedBy' | 'askedBy'>;
  /** What is sent there is made: MP4s of rungs. */
  readonly downloads: Queue;
}

/** What both playback functions are told (lambdas/playback/options.ts). */
export const playbackOptions = (config: Config, api: Api): Record<string, string> => ({
  ISSUER: api.auth.issuer,
  AUDIENCE: api.auth.audience,
  GROUPS_CLAIM: config.auth.groupsClaim,
  SIGNATURE_HOURS: String(config.playback.signatureHours),
  TOKEN_MINUTES: String(config.playback.tokenMinutes),
  ...hookEnvironment(config),
});

/** What a play start asks of the sessions table (lambdas/shared/sessions.ts). */
export const SESSION_WRITES = ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'] as const;

const PRICE_CLASS = {
  '100': PriceClass.PRICE_CLASS_100,
  '200': PriceClass.PRICE_CLASS_200,
  all: PriceClass.PRICE_CLASS_ALL,
};

/**
 * Statuses whose minimum error TTL CloudFront lets one set (CloudFront API, CustomErrorResponse). Left alone it keeps an
 * error for 10 s and mostly ignores `no-store`, under a key without the viewer: one person's 403 would be another's.
 */
const ERRORS = [400, 403, 404, 405, 414, 416, 500, 501, 502, 503, 504];

export class Playback extends Construct {
  readonly manifest: SluiceFunction;
  readonly distribution: Distribution;
  /** Scheme and host viewers use. */
  readonly publicUrl: string;

  constructor(scope: Construct, id: string, props: PlaybackProps) {
    super(scope, id);
    const { config, storage, api, presence, signingKey, revocation, downloads } = props;
    this.distribution = this.#distribution(props);
    const { domainName, publicUrl } = config.playback;
    this.publicUrl = publicUrl ?? `https://${domainName ?? this.distribution.distributionDomainName}`;
    signingKey.servedAt(this.publicUrl);
    presence.servedAt(this.publicUrl);

    this.manifest = new SluiceFunction(this, 'Manifest', {
      config,
      entry: 'playback/handler.ts',
      description: 'Checks who may watch and answers signed playlists',
      // Buys CPU for the cold start; a call takes a few milliseconds.
      memorySize: 1024,
      environment: {
        ...playbackOptions(config, api),
        ...drmServersOf(config),
        DOWNLOADS: config.playback.downloads,
      },
    })
      .useTable('VIDEOS_TABLE', storage.videos, ['BatchGetItem', 'GetItem', 'UpdateItem'])
      .useTable('ENTITLEMENTS_TABLE', storage.entitlements, ['BatchGetItem'])
      .useTable('KEYS_TABLE', storage.keys, ['GetItem'])
      .useTable('LINKS_TABLE', storage.links, ['GetItem', 'UpdateItem'])
      .useTable('SESSIONS_TABLE', storage.sessions, SESSION_WRITES, [BY_WHAT])
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject'], VOD_PREFIX)
      // What licences are made of.
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject'], CONTENT_KEYS_PREFIX)
      // MP4s for players that know no HLS: whether one is there, and that it is made.
      .useObjects('MEDIA_BUCKET', storage.media, ['GetObject'], DOWNLOADS_PREFIX)
      .useTable('UPLOADS_TABLE', storage.uploads, ['PutItem'])
      .sendTo('DOWNLOAD_QUEUE', downloads);
    if (config.drm.secretArn !== undefined) this.manifest.useSecret('DRM_SECRET', { secretArn: config.drm.secretArn });
    signingKey.allowSigning(this.manifest);
    revocation.revokedBy(this.manifest);
    revocation.askedBy(this.manifest);
    api.serve('playback', this.manifest);

    const output = (name: string, value: string, description: string) =>
      new CfnOutput(Stack.of(this), name, { value, description });
    output('Url', this.publicUrl, 'Console, API and media');
    output('DistributionId', this.distribution.distributionId, 'CloudFront distribution');
    output('ApiUrl', `${this.publicUrl}/api`, 'HTTP API');
    output('SiteBucket', storage.site.bucketName, "The console's files");
    output('MediaBucket', storage.media.bucketName, 'Segments, playlists and posters');
  }

  #distribution(props: PlaybackProps): Distribution {
    const { config, storage } = props;
    const { domainName, certificateArn, priceClass } = config.playback;
    const pages = this.#console(props);
    const distribution = new Distribution(this, 'Distribution', {
      comment: `${config.name}-${config.environment}`,
      httpVersion: HttpVersion.HTTP2_AND_3,
      enableIpv6: true,
      priceClass: PRICE_CLASS[priceClass],
      ...(domainName !== undefined &&
        certificateArn !== undefined && {
          domainNames: [domainName],
          // Without a certificate of its own CloudFront fixes the policy itself.
          minimumProtocolVersion: SecurityPolicyProtocol.TLS_V1_2_2021,
          certificate: Certificate.fromCertificateArn(this, 'Certificate', certificateArn),
        }),
      defaultRootObject: 'index.html',
      defaultBehavior: pages.page,
      additionalBehaviors: {
        '/assets/*': pages.assets,
        '/player/*': pages.player,
        ...this.#api(props),
        ...this.#media(props),
      },
      errorResponses: ERRORS.map((httpStatus) => ({ httpStatus, ttl: Duration.seconds(0) })),
    });
    storage.media.addCorsRule({
      // A preflight reaches the bucket, which must answer it with 200; CloudFront then writes the headers.
      allowedMethods: [HttpMethods.GET, HttpMethods.HEAD],
      allowedOrigins: config.playback.allowedOrigins,
      allowedHeaders: ['*'],
      maxAge: 86_400,
    });
    // Places are the API's to give, by another right than watching. Said of keys, for a path can be written in many ways.
    storage.media.addToResourcePolicy(
      new PolicyStatement({
        effect: Effect.DENY,
        principals: [new ServicePrincipal('cloudfront.amazonaws.com')],
        actions: ['s3:GetObject'],
        resources: [SERVED_POSITIONS, ...[TRACKS_PREFIX, CONTENT_KEYS_PREFIX].map((prefix) => `${prefix}*`)].map(
          (keys) => storage.media.arnForObjects(keys),
        ),
      }),
    );
    acknowledge(
      distribution,
      'AwsSolutions-CFR1',
      'Where people may watch from is for the owner of the account to say',
    );
    acknowledge(
      distribution,
      'AwsSolutions-CFR2',
      'Media is refused without a signature and the API is throttled; a web ACL costs by month and by request, so it is opt-in',
    );
    acknowledge(
      distribution,
      'AwsSolutions-CFR3',
      'CloudFront logs would keep query strings, in which signatures and playback tokens travel; the API logs every manifest',
    );
    if (domainName === undefined)
      acknowledge(
        distribution,
        'AwsSolutions-CFR4',
        "CloudFront's own certificate has a fixed TLS minimum; playback.domainName with a certificate raises it to TLS 1.2",
      );
    return distribution;
  }

  /** `/` and every address of the console; `/assets/*` are the files named by their hash, `/player/*` what other pages load. */
  #console({ config, storage }: PlaybackProps): Record<'page' | 'assets' | 'player', BehaviorOptions> {
    const origin = this.#bucketOrigin('SiteAccess', storage.site);
    const router = this.#viewerRequest('SpaRouter', 'spa-router.js', "Answers the console's addresses with index.html");
    const cachePolicy = pageCache(this);
    const common = {
      origin,
      viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
      allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
    };
    return {
      page: {
        ...common,
        cachePolicy,
        responseHeadersPolicy: consoleHeaders(this, config, storage.sources),
        functionAssociations: [router],
      },
      assets: {
        ...common,
        cachePolicy: CachePolicy.CACHING_OPTIMIZED,
        responseHeadersPolicy: assetHeaders(this, config, storage.sources),
      },
      player: { ...common, cachePolicy, responseHeadersPolicy: playerHeaders(this, config) },
    };
  }

  /**
   * `/api/*`, `/embed/*`, the page for frames: who may frame it stands in its own answer, and `/ws`, which becomes a WebSocket.
   * Never cached. Each API's own host name must reach it, so the viewer's is left out. What players report has its own way there,
   * since that is told of whom it is.
   */
  #api({ api, presence }: PlaybackProps): Record<string, BehaviorOptions> {
    const originAt = (host: string) =>
      new HttpOrigin(host, {
        protocolPolicy: OriginProtocolPolicy.HTTPS_ONLY,
        readTimeout: Duration.seconds(30),
      });
    const origin = originAt(`${api.http.apiId}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}`);
    const common = {
      origin,
      cachePolicy: apiCache(this),
      originRequestPolicy: OriginRequestPolicy.ALL_VIEWER_EXCEPT_HOST_HEADER,
    };
    const calls = {
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      allowedMethods: AllowedMethods.ALLOW_ALL,
      responseHeadersPolicy: apiHeaders(this),
    };
    return {
      [EVENTS_PATH]: {
        ...calls,
        origin,
        cachePolicy: CachePolicy.CACHING_DISABLED,
        originRequestPolicy: reportRequests(this),
      },
      '/api/*': { ...common, ...calls },
      '/embed/*': {
        ...common,
        viewerProtocolPolicy: ViewerProtocolPolicy.REDIRECT_TO_HTTPS,
        allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
        responseHeadersPolicy: embedHeaders(this),
      },
      [`/${SOCKET}`]: {
        ...common,
        // Of the same host as the pages, whose policy says `connect-src 'self'`: that is its `wss:`, too (CSP 3, 6.7.2.8).
        origin: originAt(presence.host),
        viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
        allowedMethods: AllowedMethods.ALLOW_GET_HEAD,
      },
    };
  }

  /** The file beside this one, run on each request before the cache is asked. */
  #viewerRequest(id: string, file: string, comment: string, keyValueStore?: IKeyValueStore): FunctionAssociation {
    const edgeFunction = new EdgeFunction(this, id, {
      functionName: edgeName(this, id),
      comment,
      runtime: FunctionRuntime.JS_2_0,
      code: FunctionCode.fromFile({ filePath: fileURLToPath(new URL(file, import.meta.url)) }),
      ...(keyValueStore && { keyValueStore }),
    });
    return { function: edgeFunction, eventType: FunctionEventType.VIEWER_REQUEST };
  }

  /** A bucket that this distribution alone may read. */
  #bucketOrigin(id: string, bucket: Bucket): IOrigin {
    const originAccessControl = new S3OriginAccessControl(this, id, { originAccessControlName: edgeName(this, id) });
    return S3BucketOrigin.withOriginAccessControl(bucket as IBucket, { originAccessControl });
  }

  /** `/vod/*`, `/live/*` and `/downloads/*`: signed only. Playlists first, since the first pattern that fits is taken. */
  #media({ config, storage, signingKey, revocation }: PlaybackProps): Record<string, BehaviorOptions> {
    const dayCache = liveSegmentCache(this);
    const signed = {
      origin: this.#bucketOrigin('MediaAccess', storage.media),
      viewerProtocolPolicy: ViewerProtocolPolicy.HTTPS_ONLY,
      allowedMethods: AllowedMethods.ALLOW_GET_HEAD_OPTIONS,
      originRequestPolicy: mediaRequests(this),
      responseHeadersPolicy: mediaHeaders(this, config),
      trustedKeyGroups: [signingKey.keyGroup],
      functionAssociations: [
        this.#viewerRequest(
          'MediaGate',
          'media-gate.js',
          'Refuses what was revoked, and takes the ticket out of addresses of media',
          revocation.store,
        ),
      ],
    };
    const playlists = playlistCache(this);
    const noStore = keyHeaders(this, config);
    return {
      [`/${VOD_PREFIX}*.m3u8`]: { ...signed, cachePolicy: playlists, compress: true },
      // Keys of segments: as any other file to the edge, under the ticket of the session, and for a day at most; but for no browser
      // to keep.
      [`/${VOD_PREFIX}*${SEGMENT_KEY_ENDING}`]: {
        ...signed,
        cachePolicy: playlists,
        responseHeadersPolicy: noStore,
        compress: false,
      },
      [`/${VOD_PREFIX}*`]: { ...signed, cachePolicy: segmentCache(this), compress: false },
      [`/${LIVE_PREFIX}*.m3u8`]: { ...signed, cachePolicy: livePlaylistCache(this, config), compress: true },
      [`/${LIVE_PREFIX}*${SEGMENT_KEY_ENDING}`]: {
        ...signed,
        cachePolicy: dayCache,
        responseHeadersPolicy: noStore,
        compress: false,
      },
      [`/${LIVE_PREFIX}*`]: { ...signed, cachePolicy: dayCache, compress: false },
      // Under signatures of their own: watching does not open them.
      [`/${DOWNLOADS_PREFIX}*`]: { ...signed, cachePolicy: dayCache, compress: false },
    };
  }
}
