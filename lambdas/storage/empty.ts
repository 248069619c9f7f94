/** Custom resource: empties a bucket when its stack is deleted; CloudFormation deletes only empty ones. */
import { z } from 'zod';
import { customResource } from '../shared/custom-resource.ts';
import { removePrefix } from '../shared/objects.ts';

const properties = z.object({ ResourceProperties: z.object({ Bucket: z.string().min(1) }) });

export const handler = (input: unknown): Promise<void> => {
  const { Bucket } = properties.parse(input).ResourceProperties;
  return customResource(`empty-${Bucket}`, async ({ RequestType }) => {
    if (RequestType !== 'Delete') return {};
    await removePrefix(Bucket, '');
    return {};
  })(input);
};
