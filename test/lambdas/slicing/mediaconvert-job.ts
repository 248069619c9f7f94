/** A job for MediaConvert as tests send it. */
import type { JobPlace } from '../../../lambdas/slicing/mediaconvert/settings.ts';

export const PLACE: JobPlace = {
  bucket: 'media',
  role: 'arn:aws:iam::000000000000:role/convert',
  queue: 'arn:aws:mediaconvert:us-east-1:000000000000:queues/Default',
  deployment: 'sluice-local-vod',
};

/** As it travels: names in camel case. */
export const wire = (value: unknown, data = false): unknown => {
  if (Array.isArray(value)) return value.map((item) => wire(item));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([name, inner]) => [
      data ? name : `${name[0]!.toLowerCase()}${name.slice(1)}`,
      wire(inner, name === 'UserMetadata' || name === 'AudioSelectors'),
    ]),
  );
};
