/**
 * A plan as a job of MediaConvert: the same ladder and sound, each rendition an output group of its own in its own folder,
 * since outputs of one group share a folder. CMAF, QVBR in one pass (which the Basic tier has), closed groups of pictures at
 * the same times in every rung and segments cut at them. Pure.
 */
import type { CreateJobCommandInput, Input, OutputGroup, VideoPreprocessor } from '@aws-sdk/client-mediaconvert';
import { renditionFolder, revisionPrefix, type RenditionKind } from '../../../lib/contract/keys.ts';
import { contentIdOf, type DrmJob } from '../../../lib/contract/drm.ts';
import type { Plan, Rung, SoundPlan } from '../../../lib/contract/plan.ts';
import type { SourceInfo } from '../../../lib/contract/source.ts';
import { BUFFER_SECONDS } from '../plan.ts';
import { encryptionBy } from './protection.ts';
import { stills } from './still.ts';

/** Of 1 to 10: what MediaConvert's guide names for 1080p and 720p at ordinary viewing; rungs end it by their peak rate. */
const QUALITY = 7;

/** Seconds of a group of pictures, at most. */
const GOP_SECONDS = 2;

/** Rates of AAC-LC that MediaConvert takes, bit/s, for one channel or two (its API: AacSettings, Bitrate). */
const AAC_RATES = [64_000, 80_000, 96_000, 112_000, 128_000, 160_000, 192_000, 224_000, 256_000, 288_000, 320_000];

export interface JobPlace {
  /** Bucket of the renditions. */
  readonly bucket: string;
  /** ARN of the role that MediaConvert reads and writes as. */
  readonly role: string;
  /** Queue's ARN. */
  readonly queue: string;
  readonly deployment: string;
  /** Where keys of what is to be protected come from. */
  readonly drm?: DrmJob | undefined;
}

/** What is asked of MediaConvert; throws for what is to be protected where nothing says by whose keys. The same plan asks the same again, and then no second job is made. */
export function jobOf(plan: Plan, { bucket, role, queue, deployment, drm }: JobPlace): CreateJobCommandInput {
  const { videoId, revision, execution, encryption } = plan;
  if (encryption !== undefined && (encryption.scheme !== 'drm' || drm === undefined))
    throw new Error(`MediaConvert cannot encrypt by ${encryption.scheme} here`);
  const by = encryption && drm && encryptionBy(drm, contentIdOf(videoId, revision));
  const folder = (kind: RenditionKind, name: string) =>
    `s3://${bucket}/${revisionPrefix(videoId, revision)}${renditionFolder(kind, name)}`;
  return {
    Role: role,
    Queue: queue,
    // At most 64 characters.
    ClientRequestToken: `${videoId}-r${revision}`,
    UserMetadata: { deployment, videoId, execution },
    StatusUpdateInterval: 'SECONDS_600',
    Settings: {
      TimecodeConfig: { Source: 'ZEROBASED' },
      Inputs: [inputOf(plan)],
      OutputGroups: [
        ...plan.video.map((rung) => group(plan, by, rung.name, folder('video', rung.name), picture(plan, rung))),
        ...plan.audio.map((sound, index) =>
          group(plan, by, sound.name, folder('audio', sound.name), heard(sound, index)),
        ),
        ...(by ? stills(plan, bucket, preprocessors(plan.source.info.video)) : []),
      ],
    },
  };
}

/** Degrees clockwise. */
const TURNS = { 0: 'DEGREE_0', 90: 'DEGREES_90', 180: 'DEGREES_180', 270: 'DEGREES_270' } as const;

/**
 * Pictures of two fields become whole ones, where the source may have some; those that say they are whole stay as they are
 * (`NORMAL`). Light beyond BT.709 is brought into it, with what is bright kept apart, as ours is (tone.ts).
 */
function preprocessors({ interlaced, fields = 'none', rgb, hdr }: SourceInfo['video']): VideoPreprocessor | undefined {
  const deinterlaced = interlaced || (fields !== 'none' && !rgb);
  if (!deinterlaced && hdr === undefined) return undefined;
  return {
    ...(deinterlaced && { Deinterlacer: { Mode: 'DEINTERLACE', Control: 'NORMAL' } }),
    ...(hdr && {
      ColorCorrector: { ColorSpaceConversion: 'FORCE_709', HdrToSdrToneMapper: 'PRESERVE_DETAILS' },
    }),
  };
}

const selector = (index: number) => `Audio Selector ${index + 1}`;

function inputOf({ source, audio }: Plan): Input {
  const { info } = source;
  return {
    FileInput: `s3://${source.bucket}/${source.key}`,
    TimecodeSource: 'ZEROBASED',
    // By itself it turns what an MP4 or MOV says, and nothing else.
    VideoSelector: { Rotate: TURNS[info.video.rotation] },
    // Streams are counted from 1 there.
    ...(audio.length > 0 && {
      AudioSelectors: Object.fromEntries(
        audio.map((sound, index) => [
          selector(index),
          {
            SelectorType: 'STREAM' as const,
            Streams: [sound.index + 1],
            DefaultSelection: index === 0 ? ('DEFAULT' as const) : ('NOT_DEFAULT' as const),
          },
        ]),
      ),
    }),
  };
}

function group(
  plan: Plan,
  by: ReturnType<typeof encryptionBy>,
  name: string,
  destination: string,
  output: NonNullable<OutputGroup['Outputs']>[number],
) {
  const seconds = Math.max(1, Math.round(plan.segmentSeconds));
  return {
    Name: name,
    OutputGroupSettings: {
      Type: 'CMAF_GROUP_SETTINGS' as const,
      CmafGroupSettings: {
        Destination: destination,
        SegmentControl: 'SEGMENTED_FILES' as const,
        SegmentLength: seconds,
        SegmentLengthControl: 'EXACT' as const,
        FragmentLength: seconds,
        // Only read, to know which segments there are and in which order: its URIs carry no signature.
        WriteHlsManifest: 'ENABLED' as const,
        WriteDashManifest: 'DISABLED' as const,
        ManifestDurationFormat: 'FLOATING_POINT' as const,
        // Pictures at the same time as their sound, without an edit list.
        VideoCompositionOffsets: 'SIGNED' as const,
        ...(by && { Encryption: by }),
      },
    },
    Outputs: [{ NameModifier: '_', ContainerSettings: { Container: 'CMFC' as const }, ...output }],
  } satisfies OutputGroup;
}

function picture({ source: { info } }: Plan, { width, height, maxBitrate, frameRate, level }: Rung) {
  const processed = preprocessors(info.video);
  const slower = info.video.frameRate > frameRate;
  return {
    VideoDescription: {
      Width: width,
      Height: height,
      ScalingBehavior: 'STRETCH_TO_OUTPUT' as const,
      RespondToAfd: 'NONE' as const,
      TimecodeInsertion: 'DISABLED' as const,
      ColorMetadata: 'INSERT' as const,
      ...(processed && { VideoPreprocessors: processed }),
      CodecSettings: {
        Codec: 'H_264' as const,
        H264Settings: {
          RateControlMode: 'QVBR' as const,
          QvbrSettings: { QvbrQualityLevel: QUALITY },
          MaxBitrate: maxBitrate,
          HrdBufferSize: Math.round(maxBitrate * BUFFER_SECONDS),
          // Two passes would be the Professional tier.
          QualityTuningLevel: 'SINGLE_PASS_HQ' as const,
          CodecProfile: 'HIGH' as const,
          CodecLevel: `LEVEL_${level.replace(/\.0$/, '').replace('.', '_')}` as 'LEVEL_4',
          InterlaceMode: 'PROGRESSIVE' as const,
          GopSize: GOP_SECONDS,
          GopSizeUnits: 'SECONDS' as const,
          GopClosedCadence: 1,
          // Keyframes nowhere else, so that all rungs have theirs at the same times.
          SceneChangeDetect: 'DISABLED' as const,
          ParControl: 'SPECIFIED' as const,
          ParNumerator: 1,
          ParDenominator: 1,
          ...(slower
            ? {
                FramerateControl: 'SPECIFIED' as const,
                FramerateNumerator: Math.round(frameRate * 1000),
                FramerateDenominator: 1000,
                FramerateConversionAlgorithm: 'DUPLICATE_DROP' as const,
              }
            : { FramerateControl: 'INITIALIZE_FROM_SOURCE' as const }),
        },
      },
    },
  };
}

function heard({ bitrate, channels, sampleRate }: SoundPlan, index: number) {
  return {
    AudioDescriptions: [
      {
        AudioSourceName: selector(index),
        CodecSettings: {
          Codec: 'AAC' as const,
          AacSettings: {
            Bitrate: AAC_RATES.find((rate) => rate >= bitrate) ?? AAC_RATES.at(-1)!,
            CodecProfile: 'LC' as const,
            CodingMode: channels === 1 ? ('CODING_MODE_1_0' as const) : ('CODING_MODE_2_0' as const),
            RateControlMode: 'CBR' as const,
            SampleRate: sampleRate,
          },
        },
      },
    ],
  };
}
