/**
 * CloudFormation custom resources: parses the event and answers CloudFormation by PUT to its ResponseURL, whatever
 * happens; an event left unanswered hangs a deploy for an hour.
 */
import { setTimeout } from 'node:timers/promises';
import { z } from 'zod';
import { logger } from './logger.ts';

/** The parts of a request that are used (CloudFormation User Guide, "Custom resource request objects"). */
const customResourceEvent = z.object({
  RequestType: z.enum(['Create', 'Update', 'Delete']),
  ResponseURL: z.url(),
  StackId: z.string(),
  RequestId: z.string(),
  LogicalResourceId: z.string(),
  PhysicalResourceId: z.string().optional(),
});
type CustomResourceEvent = z.infer<typeof customResourceEvent>;

/** Its message is shown in the stack's events; every other error is only named there. */
class CustomResourceError extends Error {
  override name = 'CustomResourceError';
}

/** What a custom resource does: answers the attributes for `Fn::GetAtt`. */
export type Work = (event: CustomResourceEvent) => Promise<Readonly<Record<string, string>>>;

/** The Lambda handler. `physicalId` never changes, so CloudFormation never replaces the resource. */
export function customResource(physicalId: string, work: Work) {
  return async (input: unknown): Promise<void> => {
    const event = customResourceEvent.parse(input);
    const common = {
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
      PhysicalResourceId: event.PhysicalResourceId ?? physicalId,
    };
    let answer: object;
    try {
      answer = { ...common, Status: 'SUCCESS', Data: await work(event) };
    } catch (error) {
      logger.error('custom resource failed', { request: event.RequestType, error: error as Error });
      const reason = error instanceof CustomResourceError ? error.message : `${nameOf(error)}: see the function's log`;
      answer = { ...common, Status: 'FAILED', Reason: reason };
    }
    await put(event.ResponseURL, JSON.stringify(answer));
  };
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'Error');

/** S3's presigned PUT wants an empty content type. */
async function put(url: string, body: string): Promise<void> {
  for (let attempt = 1; ; attempt += 1) {
    try {
      const answer = await fetch(url, {
        method: 'PUT',
        body: Buffer.from(body),
        headers: { 'content-type': '' },
        signal: AbortSignal.timeout(5000),
      });
      if (answer.ok) return;
      throw new Error(`CloudFormation's answer address replied ${answer.status}`);
    } catch (error) {
      if (attempt === 4) throw error;
      await setTimeout(250 * 2 ** attempt);
    }
  }
}
