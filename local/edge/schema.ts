/** The parts of a synthesized CloudFormation template that the edge reads. `value` may be an intrinsic function. */
import { z } from 'zod';

const value = z.unknown();
const number = z.coerce.number();
const items = z.object({ Items: z.array(z.string()).default([]) }).partial();

const functionAssociation = z.object({ EventType: z.string(), FunctionARN: value });

const behaviour = z.looseObject({
  PathPattern: z.string().optional(),
  TargetOriginId: z.string(),
  AllowedMethods: z.array(z.string()).default(['GET', 'HEAD']),
  CachedMethods: z.array(z.string()).default(['GET', 'HEAD']),
  ViewerProtocolPolicy: z.string(),
  TrustedKeyGroups: z.array(value).default([]),
  TrustedSigners: z.array(value).default([]),
  CachePolicyId: value,
  OriginRequestPolicyId: value.optional(),
  ResponseHeadersPolicyId: value.optional(),
  FunctionAssociations: z.array(functionAssociation).default([]),
  LambdaFunctionAssociations: z.array(value).default([]),
  Compress: z.boolean().default(false),
});
export type BehaviourProperties = z.infer<typeof behaviour>;

const origin = z.looseObject({
  Id: z.string(),
  DomainName: value,
  OriginPath: value.optional(),
  OriginAccessControlId: value.optional(),
  OriginCustomHeaders: z.array(z.object({ HeaderName: z.string(), HeaderValue: value })).default([]),
  S3OriginConfig: z.looseObject({ OriginAccessIdentity: value.optional() }).optional(),
  CustomOriginConfig: z
    .looseObject({
      OriginProtocolPolicy: z.string(),
      HTTPPort: number.optional(),
      HTTPSPort: number.optional(),
      OriginReadTimeout: number.optional(),
    })
    .optional(),
});
export type OriginProperties = z.infer<typeof origin>;

export const distribution = z.object({
  DistributionConfig: z.looseObject({
    DefaultCacheBehavior: behaviour,
    CacheBehaviors: z.array(behaviour).default([]),
    Origins: z.array(origin).min(1),
    OriginGroups: z.looseObject({ Items: z.array(value).optional() }).optional(),
    DefaultRootObject: z.string().default(''),
    CustomErrorResponses: z
      .array(
        z.object({
          ErrorCode: number,
          ErrorCachingMinTTL: number.default(10),
          ResponseCode: number.optional(),
          ResponsePagePath: z.string().optional(),
        }),
      )
      .default([]),
    Restrictions: z.looseObject({ GeoRestriction: z.looseObject({ RestrictionType: z.string() }) }).optional(),
    WebACLId: value.optional(),
    Logging: value.optional(),
  }),
});
export type DistributionConfig = z.infer<typeof distribution>['DistributionConfig'];

const queryConfig = z.object({
  QueryStringBehavior: z.string(),
  QueryStrings: z.array(z.string()).default([]),
});
const cookieConfig = z.object({
  CookieBehavior: z.string(),
  Cookies: z.array(z.string()).default([]),
});
const headerConfig = z.object({
  HeaderBehavior: z.string(),
  Headers: z.array(z.string()).default([]),
});

export const cachePolicy = z.object({
  CachePolicyConfig: z.looseObject({
    MinTTL: number,
    DefaultTTL: number,
    MaxTTL: number,
    ParametersInCacheKeyAndForwardedToOrigin: z.looseObject({
      QueryStringsConfig: queryConfig,
      CookiesConfig: cookieConfig,
      HeadersConfig: headerConfig,
      EnableAcceptEncodingGzip: z.boolean().default(false),
      EnableAcceptEncodingBrotli: z.boolean().default(false),
    }),
  }),
});

export const originRequestPolicy = z.object({
  OriginRequestPolicyConfig: z.looseObject({
    QueryStringsConfig: queryConfig,
    CookiesConfig: cookieConfig,
    HeadersConfig: headerConfig,
  }),
});

const override = z.object({ Override: z.boolean() });

export const responseHeadersPolicy = z.object({
  ResponseHeadersPolicyConfig: z.looseObject({
    CorsConfig: z
      .looseObject({
        AccessControlAllowCredentials: z.boolean(),
        AccessControlAllowHeaders: items,
        AccessControlAllowMethods: items,
        AccessControlAllowOrigins: z.object({ Items: z.array(value) }),
        AccessControlExposeHeaders: items.optional(),
        AccessControlMaxAgeSec: number.optional(),
        OriginOverride: z.boolean(),
      })
      .optional(),
    SecurityHeadersConfig: z
      .looseObject({
        ContentSecurityPolicy: override.extend({ ContentSecurityPolicy: value }).optional(),
        ContentTypeOptions: override.optional(),
        FrameOptions: override.extend({ FrameOption: z.string() }).optional(),
        ReferrerPolicy: override.extend({ ReferrerPolicy: z.string() }).optional(),
        StrictTransportSecurity: override
          .extend({
            AccessControlMaxAgeSec: number,
            IncludeSubdomains: z.boolean().default(false),
            Preload: z.boolean().default(false),
          })
          .optional(),
        XSSProtection: override
          .extend({
            Protection: z.boolean(),
            ModeBlock: z.boolean().default(false),
            ReportUri: value.optional(),
          })
          .optional(),
      })
      .optional(),
    CustomHeadersConfig: z
      .object({
        Items: z.array(z.object({ Header: z.string(), Value: value, Override: z.boolean() })),
      })
      .optional(),
    RemoveHeadersConfig: z.object({ Items: z.array(z.object({ Header: z.string() })) }).optional(),
    ServerTimingHeadersConfig: z.looseObject({ Enabled: z.boolean() }).optional(),
  }),
});
export type ResponseHeadersConfig = z.infer<typeof responseHeadersPolicy>['ResponseHeadersPolicyConfig'];

export const publicKey = z.object({ PublicKeyConfig: z.looseObject({ EncodedKey: value }) });
export const keyGroup = z.object({
  KeyGroupConfig: z.looseObject({ Items: z.array(value).min(1) }),
});

export const edgeFunction = z.looseObject({
  Name: value.optional(),
  FunctionCode: value,
  FunctionConfig: z.looseObject({
    Runtime: z.string(),
    KeyValueStoreAssociations: z.array(value).default([]),
  }),
});

const oneOrMany = z.union([value.array(), value.transform((one) => [one])]);

export const bucketPolicy = z.looseObject({
  Bucket: value,
  PolicyDocument: z.looseObject({
    Statement: z.array(
      z.looseObject({
        Effect: z.string(),
        Principal: value,
        Action: oneOrMany.optional(),
        Resource: oneOrMany.optional(),
      }),
    ),
  }),
});

const resource = z.looseObject({
  Type: z.string(),
  Properties: z.record(z.string(), value).default({}),
});

export const template = z.looseObject({
  Parameters: z.record(z.string(), z.looseObject({ Default: z.unknown().optional() })).default({}),
  Resources: z.record(z.string(), resource),
});
export type Template = z.infer<typeof template>;
