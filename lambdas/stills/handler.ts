/** Posters that people choose: a frame of the video, or a picture of theirs. */
import { DeleteObjectCommand } from '@aws-sdk/client-s3';
import { createHash } from 'node:crypto';
import { required } from '../../lib/contract/env.ts';
import { posterPath, revisionPrefix } from '../../lib/contract/keys.ts';
import { changeable } from '../catalog/access.ts';
import { s3 } from '../shared/clients.ts';
import { ApiError } from '../shared/errors.ts';
import { evidenceOf } from '../shared/evidence.ts';
import { serve } from '../shared/http.ts';
import { changeVideo, readVideo } from '../shared/videos.ts';
import { putObject } from '../slicing/objects.ts';
import { frameAt } from './frame.ts';
import { posterOfPicture } from './picture.ts';

export const handler = serve<'stills'>(required('GROUPS_CLAIM'), {
  'PUT /api/videos/{id}/poster': async ({ viewer, params: { id }, body }) => {
    const found = await readVideo(id);
    const now = Math.floor(Date.now() / 1000);
    const record = changeable({ viewer, record: found, from: {}, ...(await evidenceOf(found, viewer, {})), now });
    const { revision } = record;
    if (revision === 0 || !['playable', 'ready'].includes(record.status))
      throw new ApiError('not-ready', 'The video has no pictures yet. Try again when it plays.');
    const jpeg =
      'time' in body ? await frameAt(record, body.time) : await posterOfPicture(Buffer.from(body.image, 'base64'));

    // Named by what is in it, so what is cached under a name is always that.
    const poster = createHash('sha256').update(jpeg).digest('hex').slice(0, 16);
    const keyOf = (name: string | undefined) => `${revisionPrefix(id, revision)}${posterPath(name)}`;
    const bucket = required('MEDIA_BUCKET');
    await putObject(bucket, keyOf(poster), jpeg, 'image/jpeg');
    const remove = (Key: string) => s3.send(new DeleteObjectCommand({ Bucket: bucket, Key }));
    if ((await changeVideo(id, { set: { poster, hasPoster: true } })) === undefined) {
      await remove(keyOf(poster));
      throw new ApiError('not-found', 'The video was removed meanwhile.');
    }
    if (record.hasPoster === true && record.poster !== poster) await remove(keyOf(record.poster));
    return undefined;
  },
});
