/**
 * The parts of a synthesized CloudFormation template that the edge plays, and nothing else: what CloudFront has beyond
 * them is refused by name, since played wrong it would first be missed on AWS. `value` may be an intrinsic function.
 */
import { z } from 'zod';
import { ADDED } from './viewer.ts';

export class TemplateError extends Error {
  override name = 'TemplateError';
}

const value = z.unknown();
/** May stand there and changes nothing on loopback. */
const ignored = value.optional();
const number = z.coerce.number();
const strings = z.array(z.string());

/** The error of a property whose other values are not played. */
const otherwise = (feature: string) => ({ error: `${feature}: not played` });

const functionAssociation = z.strictObject({
  EventType: z.literal('viewer-request', { error: ({ input }) => `${String(input)} functions: not played` }),
  FunctionARN: value,
});

export const behaviour = z.strictObject({
  PathPattern: z.string().default('*'),
  TargetOriginId: z.string(),
  AllowedMethods: strings.default(['GET', 'HEAD']),
  TrustedKeyGroups: z.array(value).default([]),
  CachePolicyId: value,
  OriginRequestPolicyId: value.optional(),
  ResponseHeadersPolicyId: value.optional(),
  FunctionAssociations: z.array(functionAssociation).default([]),
  ViewerProtocolPolicy: ignored,
  Compress: ignored,
});

export const origin = z.strictObject({
  Id: z.string(),
  DomainName: value,
  OriginAccessControlId: value.optional(),
  S3OriginConfig: z
    .strictObject({ OriginAccessIdentity: z.literal('', otherwise('origin access identities')).optional() })
    .optional(),
  CustomOriginConfig: z
    .strictObject({
      OriginProtocolPolicy: z.literal('https-only', otherwise('origins over plain http')),
      OriginReadTimeout: number.optional(),
      OriginSSLProtocols: ignored,
    })
    .optional(),
});

const errorResponse = z.strictObject({ ErrorCode: number, ErrorCachingMinTTL: number.default(10) });

export const distribution = z.strictObject({
  // Behaviours and origins are read one by one, so that errors name them.
  DefaultCacheBehavior: value,
  CacheBehaviors: z.array(value).default([]),
  Origins: z.array(value).min(1),
  DefaultRootObject: z.string().default(''),
  CustomErrorResponses: z.array(errorResponse).default([]),
  Enabled: z.literal(true, otherwise('a distribution that is switched off')),
  Aliases: ignored,
  Comment: ignored,
  HttpVersion: ignored,
  IPV6Enabled: ignored,
  PriceClass: ignored,
  ViewerCertificate: ignored,
});

export const accessControl = z.object({
  OriginAccessControlConfig: z.object({
    SigningBehavior: z.literal('always', otherwise('origin requests without a signature')),
  }),
});

/** Headers that CloudFront adds, but for those that are played. */
const headerNames = z.array(
  z
    .string()
    .toLowerCase()
    .refine(
      (name) => !name.startsWith('cloudfront-') || ADDED.includes(name),
      otherwise('headers that CloudFront adds'),
    ),
);

const cacheConfig = z.strictObject({
  Comment: ignored,
  Name: ignored,
  MinTTL: number,
  DefaultTTL: number,
  MaxTTL: number,
  ParametersInCacheKeyAndForwardedToOrigin: z.strictObject({
    QueryStringsConfig: z.strictObject({
      QueryStringBehavior: z.enum(['none', 'all', 'whitelist', 'allExcept']),
      QueryStrings: strings.default([]),
    }),
    CookiesConfig: z.strictObject({
      CookieBehavior: z.enum(['none', 'all'], otherwise('single cookies in the cache key')),
    }),
    HeadersConfig: z.strictObject({ HeaderBehavior: z.enum(['none', 'whitelist']), Headers: headerNames.default([]) }),
    EnableAcceptEncodingGzip: z.boolean().default(false),
    EnableAcceptEncodingBrotli: z.boolean().default(false),
  }),
});

export const cachePolicy = z.object({ CachePolicyConfig: cacheConfig });
export type CacheConfig = z.infer<typeof cacheConfig>;

const requestConfig = z.strictObject({
  Comment: ignored,
  Name: ignored,
  HeadersConfig: z.strictObject({
    HeaderBehavior: z.literal('whitelist', otherwise('all headers but some, or none, to the origin')),
    Headers: headerNames,
  }),
  QueryStringsConfig: z.strictObject({
    QueryStringBehavior: z.enum(['none', 'whitelist'], otherwise('queries to the origin, all or all but some')),
    QueryStrings: strings.default([]),
  }),
  CookiesConfig: z.strictObject({ CookieBehavior: z.literal('none', otherwise('cookies to the origin')) }),
});
export const originRequestPolicy = z.object({ OriginRequestPolicyConfig: requestConfig });
export type RequestConfig = z.infer<typeof requestConfig>;

const override = z.strictObject({ Override: z.literal(true, otherwise('headers that give way to the origin’s own')) });
const items = z.strictObject({ Items: strings });

const headersConfig = z.strictObject({
  Comment: ignored,
  Name: ignored,
  CorsConfig: z
    .strictObject({
      AccessControlAllowCredentials: z.literal(false, otherwise('CORS with credentials')),
      AccessControlAllowHeaders: items,
      AccessControlAllowMethods: z.strictObject({
        Items: z.array(z.string().refine((method) => method !== 'ALL', otherwise('ALL for CORS methods'))),
      }),
      AccessControlAllowOrigins: z.strictObject({
        Items: z.array(z.string().regex(/^(\*$|https?:\/\/)/, otherwise('CORS origins without a scheme'))),
      }),
      AccessControlExposeHeaders: items.default({ Items: [] }),
      AccessControlMaxAgeSec: number.optional(),
      OriginOverride: z.literal(true, otherwise('CORS headers that give way to the origin’s own')),
    })
    .optional(),
  SecurityHeadersConfig: z
    .strictObject({
      ContentSecurityPolicy: override.extend({ ContentSecurityPolicy: value }).optional(),
      ContentTypeOptions: override.optional(),
      FrameOptions: override.extend({ FrameOption: z.string() }).optional(),
      ReferrerPolicy: override.extend({ ReferrerPolicy: z.string() }).optional(),
      StrictTransportSecurity: override
        .extend({ AccessControlMaxAgeSec: number, IncludeSubdomains: z.boolean().default(false) })
        .optional(),
    })
    .default({}),
  CustomHeadersConfig: z
    .strictObject({ Items: z.array(override.extend({ Header: z.string(), Value: value })) })
    .default({ Items: [] }),
});
export const responseHeadersPolicy = z.object({ ResponseHeadersPolicyConfig: headersConfig });
export type HeadersConfig = z.infer<typeof headersConfig>;

export const edgeFunction = z.strictObject({
  Name: value,
  AutoPublish: ignored,
  Tags: ignored,
  FunctionCode: value,
  FunctionConfig: z.strictObject({
    Comment: ignored,
    Runtime: z.literal('cloudfront-js-2.0', { error: ({ input }) => `runtime ${String(input)}: not played` }),
    KeyValueStoreAssociations: z
      .array(z.strictObject({ KeyValueStoreARN: value }))
      .max(1, 'a function has one key value store')
      .default([]),
  }),
});

/** What it begins with (`ImportSource`) is not played: ours are written by functions of ours. */
export const keyValueStore = z.strictObject({ Name: value, Comment: ignored, Tags: ignored });

const oneOrMany = z.union([value.array(), value.transform((one) => [one])]);

export const bucketPolicy = z.object({
  PolicyDocument: z.object({
    Statement: z.array(
      z.object({
        Effect: z.string(),
        Principal: value,
        Action: oneOrMany.optional(),
        Resource: oneOrMany.optional(),
      }),
    ),
  }),
});

export const template = z.object({
  Resources: z.record(z.string(), z.object({ Type: z.string(), Properties: z.record(z.string(), value).default({}) })),
});
export type Template = z.infer<typeof template>;

/** What features are called, where the property of the template has another name. */
const CALLED: Readonly<Record<string, string>> = {
  ContinuousDeploymentPolicyId: 'continuous deployment',
  FieldLevelEncryptionId: 'field-level encryption',
  GrpcConfig: 'gRPC',
  LambdaFunctionAssociations: 'Lambda@Edge',
  OriginCustomHeaders: 'custom headers to the origin',
  OriginGroups: 'origin groups',
  RealtimeLogConfigArn: 'real-time logs',
  Restrictions: 'geographic restrictions',
  ResponsePagePath: 'custom error pages',
  TrustedSigners: 'trusted signers',
  WebACLId: 'AWS WAF',
};

/** `given` as `shape` has it. Errors say where it stands, then the property, then what is wrong with it. */
export function read<T>(shape: z.ZodType<T>, given: unknown, where: string): T {
  const parsed = shape.safeParse(given);
  if (parsed.success) return parsed.data;
  const wrong = parsed.error.issues.flatMap(({ path, ...issue }) => {
    const at = (...keys: string[]) => [...path.map(String), ...keys].join('.');
    if (issue.code !== 'unrecognized_keys') return [path.length === 0 ? issue.message : `${at()}: ${issue.message}`];
    return issue.keys.map((key) => `${at(key)}${key in CALLED ? ` (${CALLED[key]})` : ''}: not played`);
  });
  throw new TemplateError(`${where}: ${wrong.join('; ')}`);
}
