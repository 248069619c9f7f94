/** Where a clip was filmed, as it was kept when the clip was made. */
import { GetObjectCommand } from '@aws-sdk/client-s3';
import { required } from '../../lib/contract/env.ts';
import { track, type Track } from '../../lib/contract/geojson.ts';
import { positionsKey, servedPositionsKey } from '../../lib/contract/keys.ts';
import { s3 } from '../shared/clients.ts';

/** S3 calls a missing key AccessDenied to who may not list the bucket. */
const GONE = ['NoSuchKey', 'AccessDenied'];

/** Undefined: none is kept. Clips of earlier versions have theirs beside the renditions. */
export const readTrack = async (videoId: string): Promise<Track | undefined> =>
  (await read(positionsKey(videoId))) ?? (await read(servedPositionsKey(videoId)));

async function read(Key: string): Promise<Track | undefined> {
  try {
    const { Body } = await s3.send(new GetObjectCommand({ Bucket: required('MEDIA_BUCKET'), Key }));
    return track.parse(JSON.parse(await Body!.transformToString()));
  } catch (error) {
    if (error instanceof Error && GONE.includes(error.name)) return undefined;
    throw error;
  }
}
