/**
 * Every option of a deployment: default, unit, bounds. Values come from the `environments` block of cdk.json and can be
 * overridden one by one with `-c upload.maxSizeGiB=100`. A bad value stops synth and names the option.
 *
 * Over 400 lines, since it is one list: the schema is the documentation (docs/configuration.md is made from it).
 */
import { z } from 'zod';
import { concurrencyOf, tooSmall, type Concurrency } from './concurrency.ts';
import {
  brokerAddress,
  hostName,
  ipv4Network,
  openPorts,
  origin,
  tooManyOrigins,
  tooLongQueueName,
  tooManyRules,
  tooMuchToTell,
} from './config-limits.ts';
import { alarmRules, DEFAULT_RULES } from './contract/alarm-rules.ts';
import { ENGINE_CHOICES } from './contract/cost.ts';
import { retentionDays } from './contract/device.ts';
import { downloads } from './contract/download.ts';
import { CONTENT_ID_PLACEHOLDER, drmKeys } from './contract/drm.ts';
import { hasPassword, SASL } from './contract/kafka.ts';
import { takesOnlyText, unwrapped, valueOf } from './option-text.ts';
import {
  dollarBounds,
  insightBounds,
  liveBounds,
  once,
  operationsBounds,
  playbackBounds,
  port,
  RUNGS,
  slicingBounds,
  TRASH_DAYS,
  TWICE,
  uploadBounds,
  videosBounds,
  whole,
} from './contract/options.ts';

export class ConfigError extends Error {
  override name = 'ConfigError';
}

/** An address of a server of somebody's, in so many characters. */
const serverUrl = (most: number) =>
  z
    .string()
    .max(most)
    .regex(/^https?:\/\/[^\s@#]+$/)
    .refine((url) => URL.canParse(url), 'is no address');

/** Four of them stand in the environment of the playback function beside all else that it is told. */
const licenceUrl = serverUrl(160);

/** Addresses that AWS asks whether they want what is sent to them. */
const emails = z
  .array(
    z
      .string()
      .max(254)
      .regex(/^[a-z0-9.!#$%&*+/=?^_{|}~-]{1,64}@[a-z0-9-]+(\.[a-z0-9-]+)+$/i),
  )
  .max(10)
  .refine(once, TWICE)
  .default([]);

/** Of Secrets Manager. */
const secretArn = z
  .string()
  .regex(/^arn:aws[a-z-]*:secretsmanager:[a-z0-9-]{1,16}:[0-9]{12}:secret:[A-Za-z0-9/_+=.@-]{1,200}$/);

const schema = z.strictObject({
  name: z
    .string()
    .regex(/^[a-z][a-z0-9-]{0,30}$/)
    .default('sluice')
    .meta({ description: 'Prefix of the stack names; with the name of the environment at most 39 characters.' }),
  account: z
    .string()
    .regex(/^[0-9]{12}$/)
    .optional()
    .meta({ description: "AWS account; without it the CLI's own." }),
  region: z
    .string()
    .max(16)
    .regex(/^[a-z]{2,4}(-[a-z]+)+-[0-9]$/)
    .optional()
    .meta({ description: "AWS region; without it the CLI's own." }),
  architecture: z
    .enum(['x86_64', 'arm64'])
    .default('x86_64')
    .meta({ description: 'Of Lambdas, the ffmpeg layer and containers.' }),
  removal: z.enum(['retain', 'destroy']).default('retain').meta({
    description: 'What becomes of buckets and tables when the stack is deleted. `destroy` loses every video.',
  }),
  logRetentionDays: z
    .union([1, 3, 5, 7, 14, 30, 60, 90, 180, 365].map((n) => z.literal(n)))
    .default(30)
    .meta({ description: 'Days CloudWatch keeps logs.' }),
  enforceTls: z.boolean().default(true).meta({
    description: 'Refuse plain http at buckets and queues. Off only where a local engine speaks http on loopback.',
  }),
  concurrency: z
    .strictObject({
      account: whole(1, 100_000).default(10).meta({
        description:
          'Lambda executions at a time that the account may run in the region, which new accounts have ten of (docs/deploy.md says how to ask). Slicing, clips and removals together stay below, so that the API is answered; more is more videos sliced at a time. From 236 on, functions are reserved for slicing, so that one film alone may have seven eighths of its share; AWS then wants 100 left that nobody has reserved. A number above what AWS grants slows the API down, or is refused at the deploy.',
      }),
      reservedForApi: whole(1, 1000).optional().meta({
        description:
          'Executions reserved for each function that answers the API, which is also the most it may have. For an account that others use up, too; AWS wants 100 left that nobody has reserved, so one of ten cannot have any. Without it none are.',
      }),
    })
    .prefault({}),
  auth: z
    .strictObject({
      issuer: z
        .url({ protocol: /^https?$/ })
        .max(256)
        .optional()
        .meta({ description: 'OIDC issuer. Without it a Cognito user pool is made.' }),
      audience: z
        .string()
        .min(1)
        .max(256)
        .optional()
        .meta({ description: '`aud` (or `client_id`) a token must carry. Needed with `issuer`.' }),
      clientId: z
        .string()
        .min(1)
        .max(256)
        .optional()
        .meta({ description: 'Client id the console signs in with. Needed with `issuer`.' }),
      scope: z.string().max(256).default('openid profile email').meta({ description: 'Scopes the console asks for.' }),
      resource: z
        .string()
        .max(256)
        .optional()
        .meta({ description: 'RFC 8707 resource the console asks a token for, where the issuer wants one.' }),
      connectOrigins: z
        .array(origin(/^https:\/\/[^/]+$/))
        .max(8)
        .refine(once, TWICE)
        .default([])
        .meta({
          description:
            'More origins the console may call to sign in: for an issuer whose token endpoint is on another host.',
        }),
      groupsClaim: z.string().min(1).max(128).default('cognito:groups').meta({
        description:
          "Claim of the access token that lists a person's groups: `admin`, `uploader`. An array of texts; a text is one group.",
      }),
    })
    .prefault({}),
  upload: z
    .strictObject({
      maxSizeGiB: uploadBounds.maxSizeGiB.default(50).meta({ description: 'GiB; largest file taken.' }),
      partSizeMiB: whole(5, 5120)
        .default(16)
        .meta({ description: 'MiB; part size the console uses. S3 allows 5 MiB to 5 GiB and 10,000 parts.' }),
      types: uploadBounds.types.default(['video/*', 'audio/*', 'application/ogg', 'application/octet-stream']).meta({
        description:
          'Media types taken, `video/*` style; with `video/*`, `audio/*` or `application/octet-stream` also files of which neither type nor name says what they are. What a file really is, probing finds out.',
      }),
      maxInFlight: uploadBounds.maxInFlight.default(20).meta({ description: 'Uploads one person may have under way.' }),
      quotaGiB: uploadBounds.quotaGiB.default(0).meta({
        description:
          'GiB of sources and renditions that one person may keep, of what is in the trash, too; an upload that does not fit is refused when it begins. What is kept already stays. 0: no quota.',
      }),
      urlMinutes: uploadBounds.urlMinutes.default(60).meta({ description: 'Minutes a part URL stays good.' }),
      expireDays: uploadBounds.expireDays
        .default(7)
        .meta({ description: 'Days after which an unfinished upload is removed.' }),
      allowedOrigins: z
        .array(origin(/^(\*|https?:\/\/[^/]+)$/))
        .max(50)
        .refine(once, TWICE)
        .default(['*'])
        .meta({ description: 'Pages whose scripts may PUT to the bucket (CORS). URLs are signed either way.' }),
      pullBuckets: uploadBounds.pullBuckets.default([]).meta({
        description:
          'Buckets in the same region that `sourceUrl` of `POST /api/videos` may name as `s3://bucket/key`: every uploader can then make a video of every object in them. Those of another account must allow it, too.',
      }),
      pullPrivate: z.boolean().default(false).meta({
        description:
          "Pull from plain http, any port and addresses of private networks, loopback among them; ask `playback.hookUrl` and a DRM provider's licence servers there, and send webhooks there: for a local run and its tests, and refused while `enforceTls` is on. Whoever may upload can then ask whatever the platform's machine reaches, and admins can send webhooks to it.",
      }),
    })
    .prefault({}),
  videos: z
    .strictObject({
      trashDays: videosBounds.trashDays.default(TRASH_DAYS).meta({
        description:
          'Days a deleted video stays in the trash, to the end (UTC) of the last, from which its owner and admins can restore it; it is kept and paid for as long. Nobody plays it from when it is deleted. 0: what is deleted is gone for good at once, as `DELETE …?now=true` always has it.',
      }),
      infrequentDays: videosBounds.infrequentDays.default(0).meta({
        description:
          'Days after which a source, the original, goes to S3 Standard-Infrequent Access, by a lifecycle rule: about half the price to keep, a price for each GB that is read of it, and as quick to read. What players are served stays. 0: never; else at least 30. Sources that are there when it is set go, too; those that went stay there when it is taken back.',
      }),
    })
    .prefault({}),
  slicing: z
    .strictObject({
      segmentSeconds: slicingBounds.segmentSeconds
        .default(6)
        .meta({ description: 'Seconds; target duration of a segment.' }),
      segmentType: slicingBounds.segmentType.default('fmp4').meta({ description: 'Segment container.' }),
      encryption: slicingBounds.encryption.default('none').meta({
        description:
          'How segments of new videos are encrypted, where who uploads one does not say it. `aes-128`: each as a whole, with keys that whoever may watch gets from the edge as they get segments ([playback.md](playback.md#encrypted-media)); there is no DASH of such a video. `cbcs`: its samples, with a licence for the key, which players ask our API for once ([playback.md](playback.md#samples)); it plays in browsers on https, in hls.js, and by DASH in Shaka and dash.js. Our own functions make both, whatever `slicing.engine` says.',
      }),
      keySegments: slicingBounds.keySegments.default(50).meta({
        description:
          'Segments in a row that have one key of `aes-128`, then comes the next: with segments of 6 s, five minutes. Each rendition has keys of its own: a player asks for two, of picture and of sound, each time, and for one more when it changes the rung.',
      }),
      chunkSeconds: slicingBounds.chunkSeconds.default(12).meta({
        description:
          'Seconds; target length of what one encode task takes of an MP4 or MOV, cut at keyframes of the source. Shorter is ready sooner and costs more starts of functions: of 12 s, a start is a tenth.',
      }),
      ladder: slicingBounds.ladder
        .default([...RUNGS])
        .meta({ description: 'Rungs by short side in pixels. Those larger than the source are left out.' }),
      ladderWhen: slicingBounds.ladderWhen.default('upload').meta({
        description:
          'When the ladder is made: `upload`, at once; `first-play`: at once what is copied and one low rung, the rest when somebody first asks for the manifest, so that what nobody plays is not encoded.',
      }),
      copyMaxMbps: slicingBounds.copyMaxMbps.default(16).meta({
        description:
          'Mbit/s, on average, up to which the H.264 picture of a source is published as it is, as the top of the ladder and without encoding. Higher is nearer to the original and heavier to watch; 0: everything is encoded.',
      }),
      audioKbps: slicingBounds.audioKbps.default(128).meta({ description: 'kbit/s of the AAC rendition.' }),
      preset: slicingBounds.preset.default('veryfast').meta({ description: 'x264 preset: slower is smaller.' }),
      maxDurationHours: slicingBounds.maxDurationHours
        .default(24)
        .meta({ description: 'Hours; longer sources are refused.' }),
      maxDimension: slicingBounds.maxDimension
        .default(8192)
        .meta({ description: 'Pixels; sources wider or taller are refused.' }),
      memoryMiB: whole(1024, 10240).default(10240).meta({
        description:
          'MiB of the Lambda that encodes a source without an index (not MP4 or MOV) whole; 1,769 MiB buy one vCPU.',
      }),
      chunkMemoryMiB: whole(1024, 10240).default(2304).meta({
        description:
          'MiB of the Lambda that encodes one chunk. Rungs are encoded one after another in one thread and decoded beside it, so more than 1.2 vCPUs (2123) mostly wait; the rest is for 4K of 10 bits. New accounts may have up to 3008.',
      }),
      timeoutSeconds: whole(60, 900).default(900).meta({ description: 'Seconds an encode task may take.' }),
      storageMiB: slicingBounds.storageMiB
        .default(10240)
        .meta({ description: 'MiB of scratch space; a source without an index must fit.' }),
      keepSourceDays: slicingBounds.keepSourceDays.meta({
        description:
          'Days after which a source that was copied exactly is removed, counted from when all of its renditions are there: its H.264 picture and its one AAC track, if any, and nothing else in it. An MP4 of the top rendition then takes the place of its download. Halves what such a video costs to keep. Without it, and for all other videos, sources stay.',
      }),
      engine: z.enum(ENGINE_CHOICES).default('encode').meta({
        description:
          'What makes segments. `encode`: our own functions. `mediaconvert`: AWS Elemental MediaConvert, some ten times the price. `auto`: our own, and MediaConvert for what they cannot take (a source without an index that is too large or too long for one function, or one whose keyframes are too far apart), or where it is the cheaper one of the two and ours is over `slicing.maxDollarsPerVideo`. MediaConvert makes `fmp4` only.',
      }),
      maxDollarsPerVideo: dollarBounds.maxDollarsPerVideo.default(25).meta({
        description:
          'US dollars of list price that slicing one video may cost by its estimate (docs/slicing.md has the numbers); one that would cost more is refused before anything is encoded. Storage does not count.',
      }),
      maxDollarsPerMonth: dollarBounds.maxDollarsPerMonth.meta({
        description:
          'US dollars of list price that slicing may cost in a calendar month (UTC), estimates of what is under way and measured prices of what is done. A video that would pass it is refused. Without it there is no ceiling.',
      }),
    })
    .prefault({}),
  playback: z
    .strictObject({
      signatureHours: playbackBounds.signatureHours
        .default(12)
        .meta({ description: "Hours a playback signature lasts; at least the video's length is always granted." }),
      tokenMinutes: playbackBounds.tokenMinutes
        .default(60)
        .meta({ description: 'Minutes; longest life of a playback token, and its default.' }),
      keyDays: playbackBounds.keyDays.default(90).meta({
        description:
          'Days a key signs playback and its tokens; then the next one does, which CloudFront knows long before. What the last one signed stays good until it ends. Looked at once a day.',
      }),
      allowedOrigins: z
        .array(origin(/^(\*|https?:\/\/[^/]+)$/))
        .min(1)
        .max(50)
        .refine(once, TWICE)
        .default(['*'])
        .meta({ description: 'Pages whose players may fetch manifests and media (CORS).' }),
      downloads: downloads.default('owner').meta({
        description:
          'Who may download an MP4 of a rung: its `owner` (and admins), or all `viewers` who may watch and are signed in; to play one as a file, also without. The original is for owner and admins only.',
      }),
      hookUrl: serverUrl(256).optional().meta({
        description:
          'Entitlement hook: an https address of yours, on port 443 and the public internet, that decides who may watch `entitled` videos instead of the grants kept here ([playback.md](playback.md#rules-kept-elsewhere)). When it does not answer nobody is let in by it.',
      }),
      priceClass: z.enum(['100', '200', 'all']).default('100').meta({ description: 'CloudFront price class.' }),
      domainName: hostName.optional().meta({ description: 'Your own host name. Needs `certificateArn`.' }),
      certificateArn: z
        .string()
        .regex(/^arn:aws[a-z-]*:acm:us-east-1:[0-9]{12}:certificate\/[A-Za-z0-9-]{1,64}$/)
        .optional()
        .meta({ description: 'ACM certificate in us-east-1 for `domainName`.' }),
      publicUrl: z
        .string()
        .max(256)
        .regex(/^https?:\/\/[a-z0-9.:-]+$/)
        .refine((url) => URL.canParse(url), 'is no address')
        .optional()
        .meta({
          description:
            "Scheme and host viewers use, where that is neither `domainName` nor the distribution's own name (a local edge). Signatures are good for this address only.",
        }),
    })
    .prefault({}),
  drm: z
    .strictObject({
      keyServer: serverUrl(256).optional().meta({
        description:
          "Key server (SPEKE v2) of a DRM provider, which MediaConvert asks for content keys: an https address. It makes `drm` a way to encrypt ([playback.md](playback.md#drm)), and needs `slicing.engine` `mediaconvert` or `auto` and one licence server at least. What is in the address is in every job's settings.",
      }),
      keys: drmKeys.default('kinds').meta({
        description:
          'Which tracks have a content key of their own: `one` for all, `kinds`: one of pictures and one of sound, `heights`: pictures of SD, HD and UHD apart, for licences that ask more of a device the better they look.',
      }),
      widevine: licenceUrl.optional().meta({
        description:
          'Licence server of Widevine: an https address on port 443 and the public internet. `{contentId}` in it becomes what the key server calls the video, which the header `x-content-id` says as well ([playback.md](playback.md#drm)).',
      }),
      playready: licenceUrl.optional().meta({ description: 'Licence server of PlayReady, likewise.' }),
      fairplay: licenceUrl.optional().meta({
        description:
          'Licence server (key security module) of FairPlay, likewise. What a player asks it is encrypted for the provider, so the provider must refuse keys of any other content than this address names: it has to hold `{contentId}`. Needs `drm.fairplayCertificate`.',
      }),
      fairplayCertificate: licenceUrl.optional().meta({
        description: "Address of the FairPlay application certificate, in DER, on Apple's programme given to you.",
      }),
      secretArn: secretArn.optional().meta({
        description:
          'Secret in Secrets Manager, with AWS\'s own encryption key: a JSON object of headers by which the licence servers know this platform, such as `{"x-api-key": "…"}`. Read again every five minutes. Without it they are asked without.',
      }),
    })
    .prefault({}),
  live: z
    .strictObject({
      enabled: z.boolean().default(false).meta({
        description:
          'Take in vehicle cameras: a second stack with load balancer and tasks, which cost by the hour. What they sent, with its tables and API, is in the first stack and stays when this is off.',
      }),
      controlPort: port.default(808).meta({ description: 'Port devices hold their JT/T 808 connection to.' }),
      mediaPort: port.default(1078).meta({ description: 'Port devices send JT/T 1078 pictures and sound to.' }),
      attachmentPort: port.default(7611).meta({ description: 'Port devices send files of alarms to.' }),
      sharedPort: z.boolean().default(false).meta({
        description:
          'Files of alarms come to `live.mediaPort`, told apart by their bytes; `live.attachmentPort` stays closed.',
      }),
      tlsCertificateArn: z
        .string()
        .regex(/^arn:aws[a-z-]*:acm:[a-z0-9-]{1,16}:[0-9]{12}:certificate\/[A-Za-z0-9-]{1,64}$/)
        .optional()
        .meta({ description: 'ACM certificate in the region: adds the TLS ports below beside the plain ones.' }),
      tlsControlPort: port.default(10808).meta({ description: 'TLS port of the control connection.' }),
      tlsMediaPort: port.default(11078).meta({ description: 'TLS port of media.' }),
      tlsAttachmentPort: port.default(17611).meta({ description: 'TLS port of attachments.' }),
      announceTls: z.boolean().default(false).meta({
        description: 'Send devices to the TLS ports for media and attachments. Needs `live.tlsCertificateArn`.',
      }),
      publicHost: hostName
        .optional()
        .meta({ description: "Host name or IPv4 address devices are sent to; without it the load balancer's name." }),
      announceAddress: z.boolean().default(true).meta({
        description: 'Send devices an IPv4 address of that host, as the standard asks. Off: the name itself.',
      }),
      allowedCidrs: z.array(ipv4Network).min(1).max(30).refine(once, TWICE).default(['0.0.0.0/0']).meta({
        description:
          'IPv4 networks devices may connect from; everybody else is not answered. Each is a rule for each open port, of which a security group takes 60: 20 networks; 30 with `live.sharedPort`; with `live.tlsCertificateArn` 10 or 15.',
      }),
      deletionProtection: z.boolean().default(false).meta({
        description:
          'Refuse to delete the load balancer, whose addresses vehicles may be set to. The live stack can then be neither destroyed nor rolled back before this is off and deployed.',
      }),
      privateSubnets: z.boolean().default(false).meta({
        description:
          'Tasks without public addresses, reaching AWS by VPC endpoints, which cost by the hour. Off: public addresses, closed but for the load balancer.',
      }),
      cpu: z
        .union([256, 512, 1024, 2048, 4096].map((n) => z.literal(n)))
        .default(1024)
        .meta({ description: 'CPU units of a task; 1024 are one vCPU. One process uses one.' }),
      memoryMiB: liveBounds.memoryMiB
        .default(4096)
        .meta({ description: 'MiB of a task; Fargate takes 2 to 8 GiB for 1024 units.' }),
      minTasks: whole(1, 100).default(2).meta({
        description:
          'Tasks that always run. The load balancer keeps to its zones, of which there are two: with 1 only one of its addresses answers, and a failure is an outage.',
      }),
      maxTasks: whole(1, 100).default(10).meta({ description: 'Tasks scaling stops at.' }),
      streamsPerTask: liveBounds.streamsPerTask.default(800).meta({
        description: 'Streams a task takes; the next one is told busy. Scaling aims at 60 % of it, on average.',
      }),
      segmentSeconds: liveBounds.segmentSeconds.default(2).meta({
        description: 'Seconds; target duration of a live segment. Shorter is less delay and more requests to S3.',
      }),
      encryption: liveBounds.encryption.default('none').meta({
        description:
          'How segments of live channels and recordings are encrypted from now on. `aes-128`: each as a whole, with a key for each channel and hour, that whoever may watch gets from the edge as they get segments ([ingest.md](ingest.md#encrypted-segments)). It costs a task 0.34 ms of a core for a segment of 375 kB. What was recorded stays as it is.',
      }),
      playlistSeconds: liveBounds.playlistSeconds.default(30).meta({
        description: 'Seconds a live playlist reaches back. It is written once a segment, so longer costs bandwidth.',
      }),
      onDemandMinutes: liveBounds.onDemandMinutes.default(10).meta({
        description: 'Minutes a signature of an on-demand stream lasts; its renewal says that somebody still watches.',
      }),
      idleStopSeconds: liveBounds.idleStopSeconds.default(30).meta({
        description: 'Seconds from the last viewer to the end of an on-demand stream.',
      }),
      startSeconds: liveBounds.startSeconds
        .default(20)
        .meta({ description: 'Seconds a device has to begin a stream it was asked for.' }),
      retentionDays: retentionDays
        .default(30)
        .meta({ description: 'Days recordings, positions and alarms of a new device are kept.' }),
      stateSeconds: liveBounds.stateSeconds.default(30).meta({
        description:
          'Seconds between writes of where a device is. Shorter moves dots on the map sooner and costs table writes.',
      }),
      positionSeconds: liveBounds.positionSeconds.default(60).meta({
        description: 'Seconds positions are gathered before they are stored; a task that dies loses that many.',
      }),
      drainSeconds: liveBounds.drainSeconds.default(90).meta({
        description: 'Seconds a task that is to end takes to hand its devices over. Fargate waits 120.',
      }),
      unknownDays: liveBounds.unknownDays
        .default(7)
        .meta({ description: 'Days a device that is not registered stays in the list.' }),
      requireAuthCode: z.boolean().default(false).meta({
        description:
          'Refuse a device that does not send the code it was given when it registered. It is given until it was used once; delete the device and register it again for another. Many devices never ask for one.',
      }),
      sameNetwork: z.boolean().default(false).meta({
        description:
          'Take pictures and files of a device only from the network (IPv4 /24, IPv6 /48) of its control connection, while it has one: else whoever knows its number can send pictures of a channel that is always on. Not for carriers that change addresses from one connection to the next.',
      }),
      maxConnections: liveBounds.maxConnections
        .default(25_000)
        .meta({ description: 'Connections a task takes; more are closed.' }),
      maxConnectionsPerAddress: liveBounds.maxConnectionsPerAddress.default(2000).meta({
        description: 'Connections from one address a task takes. Mobile networks put many devices behind one.',
      }),
      idleSeconds: liveBounds.idleSeconds
        .default(300)
        .meta({ description: 'Seconds of silence after which a connection is closed.' }),
      firstByteSeconds: liveBounds.firstByteSeconds.default(20).meta({
        description: 'Seconds a new connection has to say something, and a third of what it has to say who it is.',
      }),
      maxFrameKiB: liveBounds.maxFrameKiB.default(2048).meta({ description: 'KiB; a larger picture is dropped.' }),
      streamBufferMiB: liveBounds.streamBufferMiB.default(8).meta({
        description:
          'MiB of segments of one stream that may wait for S3; then the oldest go, and a gap is marked. All streams together have half of `live.memoryMiB`, in equal shares.',
      }),
      maxAttachmentMiB: liveBounds.maxAttachmentMiB
        .default(512)
        .meta({ description: 'MiB; a larger file of an alarm is refused.' }),
      commandsPerSecond: liveBounds.commandsPerSecond.default(1).meta({
        description: 'Commands a second one device is sent; devices that get more stop working.',
      }),
      unknownPerMinute: liveBounds.unknownPerMinute.default(60).meta({
        description: 'Rows of unknown devices a task writes in a minute.',
      }),
      maxFilesPerDay: liveBounds.maxFilesPerDay.default(1000).meta({
        description:
          'Files of alarms, and pictures sent in messages, that one device may have kept in a day (UTC). More are refused; the alarm says so. A registered number is no secret: what this and the next five allow is what a stranger can spend (docs/security.md).',
      }),
      maxFilesMiBPerDay: liveBounds.maxFilesMiBPerDay
        .default(10_240)
        .meta({ description: 'MiB of these files of one device in a day; more are refused.' }),
      maxEncodesPerDay: liveBounds.maxEncodesPerDay.default(50).meta({
        description:
          'Videos among them that become videos of the library, which costs an encode each. More are kept as files beside the alarm, not sliced.',
      }),
      maxAlarmsPerDay: liveBounds.maxAlarmsPerDay.default(5000).meta({
        description:
          'Alarms of one device that are kept in a day; more are counted, and dropped, but for emergencies (sos, collision, rollover-warning).',
      }),
      maxPositionsPerDay: liveBounds.maxPositionsPerDay.default(200_000).meta({
        description: 'Positions of one device that a task keeps in a day; one a second makes 86,400. More are dropped.',
      }),
      maxStreamMbps: liveBounds.maxStreamMbps.default(16).meta({
        description:
          'Mbit/s of one channel in the mean of ten seconds; a connection that sends more is closed. Recordings that are played back faster may have as many times as much.',
      }),
      oldNameIndex: z.boolean().default(false).meta({
        description:
          'Keep the index `byName` of the devices table beside the one that took its place. For one deploy only, of a stack made before 0.2 ([CHANGELOG](../CHANGELOG.md)): a table gains or loses one index a deploy. While both are there, every write of a state goes to one partition.',
      }),
      mapTilesUrl: z
        .string()
        .max(512)
        .regex(/^(https?:\/\/[a-z0-9.-]+(:[0-9]{1,5})?)?\/(?!\/)[^\s;,"'<>\\]*$/i)
        .refine(
          (url) => isTileArchive(url) || ['{z}', '{x}', '{y}'].every((part) => url.includes(part)),
          'must have {z}, {x} and {y} in it, or be a path under /tiles/ that ends in .pmtiles',
        )
        .optional()
        .meta({
          description:
            "Raster tiles under the console's maps: an https address, or a path of this deployment's own host, with `{z}`, `{x}` and `{y}` (Web Mercator, 256 pixels); or `/tiles/NAME.pmtiles`, one file of raster tiles in the site bucket ([console.md](console.md#tiles-of-your-own)). Browsers of whoever looks at a map then ask that server for them. Needs `live.mapAttribution`. Without it maps show coasts and borders, and nobody else is asked for anything.",
        }),
      mapAttribution: z
        .string()
        .min(1)
        .max(200)
        .optional()
        .meta({ description: 'Whose tiles they are, as text: shown on every map, as their licences ask.' }),
      mapAttributionUrl: z
        .string()
        .max(400)
        .regex(/^https:\/\/[^\s"'<>]+$/)
        .optional()
        .meta({ description: 'Where that text leads, such as the page of the licence.' }),
    })
    .prefault({}),
  alarms: z
    .strictObject({
      rules: alarmRules.default(DEFAULT_RULES).meta({
        description:
          'Who is told of an alarm of a device: a list of `{kinds, types, tags, minLevel, tell, push}`, of which the first that fits decides; what none fits only the page of its device shows. `kinds` are such as `adas`, `types` such as `sos` ([api.md](api.md#alarms-for-people)), `tags` those of devices, a `minLevel` only alarms with a level have; what is left out fits all. `tell` has of `inbox` (the console, counted on every screen), `email` and `webhook` those who are told. With `push: false` what is for the inbox waits there: no console is told as it comes, and no live wall speaks of it. That an alarm ends only webhooks are told.',
      }),
      emails: emails.meta({
        description:
          'Addresses that are told of alarms of devices whose rule says `email`, once each. AWS asks each once whether it wants that, and sends nothing before it has said so. With any there is a topic with an encryption key of its own, $1 a month.',
      }),
    })
    .prefault({}),
  insight: z
    .strictObject({
      flushSeconds: whole(2, 300).default(20).meta({
        description:
          'Seconds that what players report waits, at most, until it is counted in heatmaps and figures. Each count is a write for each video that was watched meanwhile: twice as long is half as many.',
      }),
      keepRawDays: insightBounds.keepRawDays.default(90).meta({
        description:
          'Days for which every event is kept as it was reported, in files that Athena and others read ([insight.md](insight.md#raw-events)). 0: none are kept, and what is there is removed within two days. They have pseudonyms of viewers in them. Their queue is $0.26 a month, and its alarm $0.10. What is counted does not depend on it.',
      }),
    })
    .prefault({}),
  kafka: z
    .strictObject({
      brokers: z.array(brokerAddress).max(6).refine(once, TWICE).default([]).meta({
        description:
          'Brokers of Apache Kafka, `host:port` each, that get every report of a player as a record, in order for each session ([insight.md](insight.md#kafka)): two or three, which know the others. Without any there is no Kafka. With them: a function, two queues and an alarm, some $0.43 a month while nobody watches.',
      }),
      topic: z
        .string()
        .max(249)
        .regex(/^(?!\.{1,2}$)[A-Za-z0-9._-]+$/)
        .default('sluice-events')
        .meta({ description: 'Topic the records go to. It must be there: none is made.' }),
      tls: z.boolean().default(true).meta({
        description:
          'Speak TLS to the brokers and check their certificates. Off: in the clear, in a network of your own only.',
      }),
      sasl: z.enum(SASL).default('none').meta({
        description:
          "How the platform says who it is: by name and password of `kafka.secretArn` (`plain`, which needs TLS, or SCRAM), or by its function's role, as Amazon MSK has it (`iam`).",
      }),
      secretArn: secretArn.optional().meta({
        description:
          "Secret in Secrets Manager, with AWS's own encryption key: a JSON object with `username` and `password` for `kafka.sasl`, and with `ca`, in PEM, where no public authority signed the brokers' certificates. Read again whenever a connection fails.",
      }),
      clusterArn: z
        .string()
        .regex(/^arn:aws[a-z-]*:kafka:[a-z0-9-]{1,16}:[0-9]{12}:cluster\/[A-Za-z0-9-]{1,64}\/[A-Za-z0-9-]{1,64}$/)
        .optional()
        .meta({ description: 'Cluster of Amazon MSK to whose topic the function may write. Needed with `iam`.' }),
      subnetIds: z
        .array(z.string().regex(/^subnet-[0-9a-f]{8,17}$/))
        .max(16)
        .refine(once, TWICE)
        .default([])
        .meta({
          description:
            'Subnets of your VPC in which the function runs, for brokers without public addresses. From there it must reach Secrets Manager, where there is a secret, and SQS, by endpoints or NAT. Needs `kafka.securityGroupIds`.',
        }),
      securityGroupIds: z
        .array(z.string().regex(/^sg-[0-9a-f]{8,17}$/))
        .max(5)
        .refine(once, TWICE)
        .default([])
        .meta({ description: 'Security groups of the function in these subnets: to be let out to the brokers.' }),
    })
    .prefault({}),
  operations: z
    .strictObject({
      alarms: z.boolean().default(true).meta({
        description:
          'CloudWatch alarms, each with an article in [runbook.md](runbook.md): 32, with `live.enabled` 39. Each costs $0.10 a month beyond the first ten of an account. Off: nobody is told that something is wrong but by who sees it.',
      }),
      emails: emails.meta({
        description:
          'Addresses that are told when an alarm begins and when it ends. AWS asks each once whether it wants that, and sends nothing before it has said so. With any there is a topic with an encryption key of its own, $1 a month. Without them alarms are only seen in CloudWatch.',
      }),
      dashboards: z.boolean().default(true).meta({
        description:
          "A CloudWatch dashboard for each flow, videos and, with `live.enabled`, devices, made of the same alarms; needs `operations.alarms`. An account's first three are free, each further costs $3 a month.",
      }),
      budgetDollars: whole(1, 10_000_000).optional().meta({
        description:
          'US dollars a month of the whole account, what else runs in it included: at 80 % and all of it spent, and when AWS expects more of the month, `operations.emails` are told. Nothing is stopped. Without it there is no budget.',
      }),
      stuckMinutes: operationsBounds.stuckMinutes.default(120).meta({
        description:
          'Minutes without progress after which a video counts as stuck; looked at once an hour. Less also rings for videos that wait their turn in a small account.',
      }),
      auditDays: operationsBounds.auditDays.default(400).meta({
        description:
          'Days for which the log of who changed what is kept. What was written before a change of this keeps its time.',
      }),
    })
    .prefault({}),
});

/** One PMTiles file in the site bucket, where no deploy puts anything. */
function isTileArchive(url: string): boolean {
  return /^\/tiles\/[\w./-]+\.pmtiles$/.test(url) && !url.includes('..');
}

export const configSchema = schema;
export type Config = z.output<typeof schema> & { readonly environment: string };

/** Reads anything that answers context lookups: a CDK App's node, or a plain function in tests. */
type ContextReader = (key: string) => unknown;

/** Context keys of CDK itself look like `aws:cdk:…` or `@aws-cdk/…`; ours are `env`, `environments` and option paths. */
export function readConfig(context: ContextReader, overrides: Readonly<Record<string, unknown>> = {}): Config {
  const environment = context('env') ?? 'dev';
  const environments = context('environments');
  if (typeof environment !== 'string' || typeof environments !== 'object' || environments === null) {
    throw new ConfigError('cdk.json must hold context.environments, and -c env= must name one of them');
  }
  // Part of every name: the sign-in pages' host takes 63 characters of name, environment and account.
  if (!/^[a-z][a-z0-9-]{0,15}$/.test(environment)) {
    throw new ConfigError(`env: ${JSON.stringify(environment)} must be at most 16 of a-z, 0-9 and -, a letter first`);
  }
  const base = (environments as Record<string, unknown>)[environment];
  if (typeof base !== 'object' || base === null) {
    throw new ConfigError(`env: ${JSON.stringify(environment)} is not one of ${Object.keys(environments).join(', ')}`);
  }
  const values = structuredClone(base) as Record<string, unknown>;
  // Shorter paths first: what is given for one option counts more than what its block says, in whatever order they come.
  const depth = ([path]: readonly [string, unknown]) => path.split('.').length;
  for (const [path, value] of Object.entries(overrides).toSorted((a, b) => depth(a) - depth(b)))
    assign(values, path, value);
  const parsed = schema.safeParse(values);
  if (!parsed.success) throw new ConfigError(parsed.error.issues.map((issue) => explain(issue, values)).join('\n'));
  return check({ ...parsed.data, environment });
}

/** Options that only make sense together. */
function check(config: Config): Config {
  const { auth, playback, upload } = config;
  if (auth.issuer !== undefined && (auth.audience === undefined || auth.clientId === undefined)) {
    throw new ConfigError('auth.issuer: needs auth.audience and auth.clientId beside it');
  }
  if (auth.issuer === undefined && (auth.audience !== undefined || auth.clientId !== undefined)) {
    throw new ConfigError(
      'auth.audience, auth.clientId: need auth.issuer; without it a user pool with its own client is made',
    );
  }
  const reserved = /aws|amazon|cognito/.exec(`${config.name}-${config.environment}`)?.[0];
  if (auth.issuer === undefined && reserved !== undefined) {
    throw new ConfigError(`name: Cognito takes no sign-in host with "${reserved}" in it; choose another name or env`);
  }
  if ((playback.domainName === undefined) !== (playback.certificateArn === undefined)) {
    throw new ConfigError('playback.domainName and playback.certificateArn: give both or neither');
  }
  if (upload.maxSizeGiB * 1024 > upload.partSizeMiB * 10_000) {
    throw new ConfigError(
      `upload.partSizeMiB: ${upload.partSizeMiB} MiB times S3's 10,000 parts is less than upload.maxSizeGiB (${upload.maxSizeGiB} GiB)`,
    );
  }
  if (config.slicing.engine === 'mediaconvert' && config.slicing.segmentType !== 'fmp4') {
    throw new ConfigError('slicing.engine: mediaconvert makes fmp4 only; slicing.segmentType asks for mpegts');
  }
  checkDrm(config);
  checkKafka(config.kafka);
  // Never by accident: what is deployed to AWS enforces TLS.
  if (upload.pullPrivate && config.enforceTls) {
    throw new ConfigError('upload.pullPrivate: for a local run only, where enforceTls is off');
  }
  if (playback.hookUrl?.startsWith('http:') === true && !upload.pullPrivate) {
    throw new ConfigError('playback.hookUrl: must be an https address');
  }
  if (config.operations.budgetDollars !== undefined && config.operations.emails.length === 0) {
    throw new ConfigError('operations.budgetDollars: needs operations.emails; nobody would be told');
  }
  const small = tooSmall(accountOf(config));
  if (small !== undefined) throw new ConfigError(small);
  checkMap(config);
  checkConsole(config);
  const queue = tooLongQueueName(config);
  if (queue !== undefined) throw new ConfigError(queue);
  if (config.live.enabled) checkLive(config.live);
  return config;
}

const accountOf = ({ concurrency: { account, reservedForApi } }: Config) => ({ account, reserved: reservedForApi });

/** What of the account's Lambda concurrency each consumer may take. */
export const concurrency = (config: Config): Concurrency => concurrencyOf(accountOf(config));

function checkDrm({ drm, slicing, upload }: Config): void {
  const { keyServer, keys: _, secretArn, ...addresses } = drm;
  const { widevine, playready, fairplay, fairplayCertificate } = addresses;
  const servers = [widevine, playready, fairplay].filter((url) => url !== undefined);
  if (keyServer === undefined) {
    const without = Object.entries({ ...addresses, secretArn }).find(([, value]) => value !== undefined);
    if (without !== undefined) throw new ConfigError(`drm.${without[0]}: needs drm.keyServer, where keys come from`);
    if (slicing.encryption === 'drm') throw new ConfigError('slicing.encryption: drm needs drm.keyServer');
    return;
  }
  if (servers.length === 0)
    throw new ConfigError('drm.keyServer: needs drm.widevine, drm.playready or drm.fairplay; nobody could play');
  if (slicing.engine === 'encode')
    throw new ConfigError(
      'drm.keyServer: needs slicing.engine mediaconvert or auto; our own functions have no such keys',
    );
  if ((fairplay === undefined) !== (fairplayCertificate === undefined))
    throw new ConfigError('drm.fairplay and drm.fairplayCertificate: give both or neither');
  const plain = Object.entries({ keyServer, ...addresses }).find(([, url]) => url?.startsWith('http:') === true);
  // MediaConvert takes no other; who asks the licence servers may be a local run.
  if (plain !== undefined && (plain[0] === 'keyServer' || !upload.pullPrivate))
    throw new ConfigError(`drm.${plain[0]}: must be an https address`);
  const held = Object.entries({ widevine, playready, fairplay });
  const odd = held.find(([, url]) => /[{}]/.test(url?.replaceAll(CONTENT_ID_PLACEHOLDER, '') ?? ''));
  if (odd !== undefined) throw new ConfigError(`drm.${odd[0]}: knows no placeholder but ${CONTENT_ID_PLACEHOLDER}`);
  // Nobody here can read which key is asked for, and a provider that knows of no content compares it with nothing.
  if (fairplay?.includes(CONTENT_ID_PLACEHOLDER) === false)
    throw new ConfigError(
      `drm.fairplay: must hold ${CONTENT_ID_PLACEHOLDER}, by which the provider refuses other keys`,
    );
}

function checkKafka(kafka: Config['kafka']): void {
  const { brokers, tls, sasl, secretArn: secret, clusterArn, subnetIds, securityGroupIds } = kafka;
  if (brokers.length === 0) {
    const given = { secretArn: secret, clusterArn, subnetIds: subnetIds[0], securityGroupIds: securityGroupIds[0] };
    const without = Object.entries(given).find(([, value]) => value !== undefined);
    if (without !== undefined)
      throw new ConfigError(`kafka.${without[0]}: needs kafka.brokers; without there is no Kafka`);
    if (sasl !== 'none') throw new ConfigError('kafka.sasl: needs kafka.brokers; without there is no Kafka');
    return;
  }
  if (hasPassword(sasl) && secret === undefined)
    throw new ConfigError(`kafka.sasl: ${sasl} needs kafka.secretArn, where name and password are`);
  if (!tls && (sasl === 'plain' || sasl === 'iam'))
    throw new ConfigError(`kafka.tls: ${sasl} says over the wire what others could use; it needs TLS`);
  if (!tls && !hasPassword(sasl) && secret !== undefined)
    throw new ConfigError(
      'kafka.secretArn: nothing of it is used without kafka.tls and a way of kafka.sasl by password',
    );
  if ((sasl === 'iam') !== (clusterArn !== undefined))
    throw new ConfigError('kafka.clusterArn: needed with kafka.sasl iam, and with no other');
  if ((subnetIds.length === 0) !== (securityGroupIds.length === 0))
    throw new ConfigError('kafka.subnetIds and kafka.securityGroupIds: give both or neither');
}

/** MiB Fargate takes for each CPU size: from, to, in steps (AWS Fargate task definition parameters). */
const FARGATE_MEMORY: Readonly<Record<number, readonly [number, number, number]>> = {
  256: [512, 2048, 512],
  512: [1024, 4096, 1024],
  1024: [2048, 8192, 1024],
  2048: [4096, 16_384, 1024],
  4096: [8192, 30_720, 1024],
};

/** Seconds; of TLS listeners the load balancer's own time-out cannot be set. */
const TLS_IDLE = 320;

function checkLive(live: Config['live']): void {
  const [from, to, step] = FARGATE_MEMORY[live.cpu]!;
  if (live.memoryMiB < from || live.memoryMiB > to || live.memoryMiB % step !== 0) {
    throw new ConfigError(
      `live.memoryMiB: with live.cpu ${live.cpu} Fargate takes ${from} to ${to} in steps of ${step}`,
    );
  }
  if (live.maxTasks < live.minTasks) throw new ConfigError('live.maxTasks: less than live.minTasks');
  if (live.announceTls && live.tlsCertificateArn === undefined) {
    throw new ConfigError('live.announceTls: needs live.tlsCertificateArn');
  }
  if (live.tlsCertificateArn !== undefined && live.idleSeconds > TLS_IDLE) {
    throw new ConfigError(
      `live.idleSeconds: at most ${TLS_IDLE} with live.tlsCertificateArn; the load balancer ends a silent TLS connection after 350 seconds, unseen by the task`,
    );
  }
  if (live.playlistSeconds < 4 * live.segmentSeconds) {
    throw new ConfigError('live.playlistSeconds: at least four segments (live.segmentSeconds)');
  }
  const rules = tooManyRules(live);
  if (rules !== undefined) throw new ConfigError(rules);
  const taken = new Map<number, string>();
  for (const name of openPorts(live)) {
    const other = taken.get(live[name]);
    if (other !== undefined) throw new ConfigError(`live.${name}: the same as live.${other}`);
    taken.set(live[name], name);
  }
}

/** Text of any length that goes into the console's policy and the environment of a function. */
function checkConsole({ auth, live, playback, upload }: Config): void {
  const { issuer, clientId, scope, resource, groupsClaim, connectOrigins } = auth;
  const { mapTilesUrl, mapAttribution, mapAttributionUrl } = live;
  const origins = [issuer, mapTilesUrl].flatMap((url) =>
    url?.startsWith('http') === true ? [new URL(url).origin] : [],
  );
  const map = [mapTilesUrl, mapAttribution, mapAttributionUrl];
  // The claim has a variable of its own, too.
  const told = [issuer, clientId, scope, resource, groupsClaim, groupsClaim, ...map, upload.types, playback.hookUrl];
  const error = tooManyOrigins([...origins, ...connectOrigins]) ?? tooMuchToTell(told);
  if (error !== undefined) throw new ConfigError(error);
}

function checkMap({ live, enforceTls }: Config): void {
  if (live.mapTilesUrl !== undefined && live.mapAttribution === undefined) {
    throw new ConfigError('live.mapAttribution: needed beside live.mapTilesUrl; it says whose tiles they are');
  }
  if (live.mapTilesUrl === undefined && (live.mapAttribution ?? live.mapAttributionUrl) !== undefined) {
    throw new ConfigError('live.mapAttribution, live.mapAttributionUrl: need live.mapTilesUrl');
  }
  if (enforceTls && live.mapTilesUrl?.startsWith('http:') === true) {
    throw new ConfigError('live.mapTilesUrl: must be an https address or a path; plain http is for a local run only');
  }
}

/** Every option by its path (`upload.maxSizeGiB`), for reading overrides in the context and for the documentation. */
export const options: ReadonlyMap<string, z.core.$ZodType> = new Map(
  Object.entries(schema.shape).flatMap(([name, option]): [string, z.core.$ZodType][] => {
    const inner = unwrapped(option);
    if (!(inner instanceof z.ZodObject)) return [[name, option]];
    return Object.entries<z.core.$ZodType>(inner.shape).map(([child, one]) => [`${name}.${child}`, one]);
  }),
);

export const optionPaths = (): string[] => [...options.keys()];

/** `-c a.b=text` by the option's own schema; JSON for a whole block (`-c 'upload={…}'`). Other context is no text. */
function readOverride(path: string, given: unknown): unknown {
  if (typeof given !== 'string') return given;
  return valueOf(options.get(path) ?? schema, given);
}

function assign(target: Record<string, unknown>, path: string, value: unknown): void {
  const [head, ...rest] = path.split('.');
  if (head === undefined || head === '__proto__') throw new ConfigError(`${path}: not an option`);
  const there = target[head] ?? {};
  if (rest.length === 0) target[head] = isBlock(value) && isBlock(there) ? { ...there, ...value } : value;
  // A block that is none is refused by the schema.
  else if (isBlock(there)) assign((target[head] = there), rest.join('.'), value);
}

const isBlock = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value);

function explain(issue: z.core.$ZodIssue, values: unknown): string {
  const path = issue.path.join('.');
  const given = issue.path.reduce<unknown>(
    (at, key) => (at as Record<PropertyKey, unknown> | undefined)?.[key],
    values,
  );
  if (wantsText(issue.path) && (typeof given === 'number' || typeof given === 'boolean')) {
    return `${path}: is text, so it needs quotes in cdk.json; without them it is a ${typeof given}`;
  }
  if (issue.code === 'unrecognized_keys') {
    return issue.keys.map((name) => `${path === '' ? name : `${path}.${name}`}: no such option`).join('\n');
  }
  return `${path}: ${issue.message}`;
}

/** Whether what stands at this path, an option or an item of its list, is text and nothing else. */
function wantsText(path: readonly PropertyKey[]): boolean {
  const index = path.findIndex((key) => typeof key === 'number');
  const option = options.get((index === -1 ? path : path.slice(0, index)).join('.'));
  if (option === undefined) return false;
  const inner = unwrapped(option);
  return takesOnlyText(index !== -1 && inner instanceof z.ZodArray ? inner.element : inner);
}

/** The configuration of a CDK app: its context, with every `-c option=value` applied. A misspelt option is refused. */
export function readAppConfig(node: {
  tryGetContext(key: string): unknown;
  getAllContext(): Record<string, unknown>;
}): Config {
  const groups = new Set(optionPaths().map((path) => path.split('.')[0]));
  const overrides: Record<string, unknown> = {};
  for (const [key, value] of Object.entries(node.getAllContext())) {
    if (key.includes(':') || key.startsWith('@') || key === 'env' || key === 'environments') continue;
    if (key.includes('.') || groups.has(key)) overrides[key] = readOverride(key, value);
  }
  return readConfig((key) => node.tryGetContext(key), overrides);
}
