/**
 * Custom resource: empties a bucket when its stack is deleted; CloudFormation deletes only empty ones. When only the
 * resource goes (leaving.ts), everything stays and the answer is success: a bucket that CloudFormation then cannot delete,
 * since it is not empty, is left to the account, as docs/deploy.md says.
 */
import { CloudFormationClient, DescribeStacksCommand } from '@aws-sdk/client-cloudformation';
import { z } from 'zod';
import { customResource, CustomResourceError } from '../shared/custom-resource.ts';
import { logger } from '../shared/logger.ts';
import { removePrefix } from '../shared/objects.ts';
import { leaves } from './leaving.ts';

const properties = z.object({ Bucket: z.string().min(1) });
/** Patient: whoever deletes the stack asks the same API every few seconds, and it answers few. */
const cloudFormation = new CloudFormationClient({ maxAttempts: 8 });

export const handler = customResource(
  ({ ResourceProperties }) => `empty-${String(ResourceProperties['Bucket'])}`,
  async ({ RequestType: type, StackId, ResourceProperties }, signal) => {
    if (type !== 'Delete') return {};
    const { Bucket } = properties.parse(ResourceProperties);
    const status = await statusOf(StackId);
    if (leaves({ type, status })) await empty(Bucket, signal);
    else logger.warn('left as it is: the stack stays, and with it what is in the bucket', { Bucket, status });
    return {};
  },
);

async function empty(bucket: string, signal: AbortSignal): Promise<void> {
  try {
    logger.info('emptied', { bucket, objects: await removePrefix(bucket, '', signal) });
  } catch (error) {
    if (signal.aborted)
      throw new CustomResourceError(`${bucket} holds more than fits into the time: delete the stack again to go on`);
    // Deleted by hand: nothing is left to empty.
    if (!(error instanceof Error && error.name === 'NoSuchBucket')) throw error;
  }
}

/** Asked by id: a stack of the same name that came later is another one. */
async function statusOf(StackName: string): Promise<string> {
  const { Stacks } = await cloudFormation.send(new DescribeStacksCommand({ StackName }));
  const status = Stacks?.[0]?.StackStatus;
  if (status === undefined) throw new CustomResourceError('CloudFormation does not say what becomes of the stack');
  return status;
}
