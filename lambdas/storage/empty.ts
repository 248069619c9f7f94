/** Custom resource: empties a bucket when its stack is deleted; CloudFormation deletes only empty ones. */
import { DeleteObjectsCommand, paginateListObjectsV2 } from '@aws-sdk/client-s3';
import { z } from 'zod';
import { s3 } from '../shared/clients.ts';
import { customResource } from '../shared/custom-resource.ts';

const properties = z.object({ ResourceProperties: z.object({ Bucket: z.string().min(1) }) });

export const handler = (input: unknown): Promise<void> => {
  const { Bucket } = properties.parse(input).ResourceProperties;
  return customResource(`empty-${Bucket}`, async ({ RequestType }) => {
    if (RequestType !== 'Delete') return {};
    for await (const { Contents = [] } of paginateListObjectsV2({ client: s3 }, { Bucket })) {
      const Objects = Contents.map(({ Key }) => ({ Key: Key! }));
      if (Objects.length > 0) await s3.send(new DeleteObjectsCommand({ Bucket, Delete: { Objects, Quiet: true } }));
    }
    return {};
  })(input);
};
