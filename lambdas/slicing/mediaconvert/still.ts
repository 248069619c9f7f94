/**
 * The poster of what MediaConvert protects: nobody here has the key of its segments, so it is asked for pictures beside them, which are
 * in clear as every poster is.
 */
import type { OutputGroup, VideoPreprocessor } from '@aws-sdk/client-mediaconvert';
import { posterPath, revisionPrefix } from '../../../lib/contract/keys.ts';
import type { Plan } from '../../../lib/contract/plan.ts';
import { listObjects, removeObjects } from '../../shared/objects.ts';
import { copyObject } from '../objects.ts';
import { LONGEST, posterRung } from '../poster.ts';

/** What the names of its pictures begin with, below the revision. */
const NAME = 'still';

/** The first picture, which must be one, and that of the middle. `bucket`: of the renditions. */
export function stills(plan: Plan, bucket: string, preprocessors: VideoPreprocessor | undefined): OutputGroup[] {
  const rung = posterRung(plan.video);
  if (rung === undefined) return [];
  const scale = Math.min(1, LONGEST / Math.max(rung.width, rung.height));
  const even = (pixels: number) => Math.max(32, Math.round((pixels * scale) / 2) * 2);
  const seconds = Math.max(1, Math.floor(plan.source.info.duration / 2));
  return [
    {
      Name: NAME,
      OutputGroupSettings: {
        Type: 'FILE_GROUP_SETTINGS',
        FileGroupSettings: { Destination: `s3://${bucket}/${revisionPrefix(plan.videoId, plan.revision)}${NAME}` },
      },
      Outputs: [
        {
          NameModifier: '_',
          ContainerSettings: { Container: 'RAW' },
          VideoDescription: {
            Width: even(rung.width),
            Height: even(rung.height),
            ScalingBehavior: 'STRETCH_TO_OUTPUT',
            RespondToAfd: 'NONE',
            ...(preprocessors && { VideoPreprocessors: preprocessors }),
            CodecSettings: {
              Codec: 'FRAME_CAPTURE',
              FrameCaptureSettings: {
                FramerateNumerator: 1,
                FramerateDenominator: seconds,
                MaxCaptures: 2,
                Quality: 80,
              },
            },
          },
        },
      ],
    },
  ];
}

/** Makes the last of them the poster; false when there are none (any more). Safe to repeat. */
export async function takeStill({ videoId, revision }: Plan, bucket: string): Promise<boolean> {
  const prefix = revisionPrefix(videoId, revision);
  const found: string[] = [];
  for await (const page of listObjects(bucket, `${prefix}${NAME}`)) found.push(...page.map(({ Key }) => Key));
  const last = found
    .filter((key) => key.endsWith('.jpg'))
    .toSorted()
    .at(-1);
  if (last !== undefined) await copyObject(bucket, last, `${prefix}${posterPath()}`, 'image/jpeg');
  await removeObjects(bucket, found);
  return last !== undefined;
}
