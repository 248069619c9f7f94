/**
 * CloudFormation custom resources: parses the event and answers CloudFormation by PUT to its ResponseURL, whatever
 * happens, and before the function's time is up: an event left unanswered hangs a deploy for an hour.
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
  ResourceProperties: z.record(z.string(), z.unknown()).prefault({}),
});
export type CustomResourceEvent = z.infer<typeof customResourceEvent>;

/** Its message is shown in the stack's events; every other error is only named there. */
export class CustomResourceError extends Error {
  override name = 'CustomResourceError';
}

/** What a custom resource does: answers the attributes for `Fn::GetAtt`. `signal` is aborted when its time is up. */
export type Work = (event: CustomResourceEvent, signal: AbortSignal) => Promise<Readonly<Record<string, string>>>;

/** Of Lambda's context, what is asked. */
interface Context {
  readonly getRemainingTimeInMillis: () => number;
}

/** Milliseconds kept for the answer: time for two tries. */
const ANSWER_MS = 10_000;

/** The Lambda handler. The physical id made at Create never changes, so CloudFormation never replaces the resource. */
export function customResource(physicalId: string | ((event: CustomResourceEvent) => string), work: Work) {
  return async (input: unknown, context?: Context): Promise<void> => {
    const event = customResourceEvent.parse(input);
    const common = {
      StackId: event.StackId,
      RequestId: event.RequestId,
      LogicalResourceId: event.LogicalResourceId,
      PhysicalResourceId: event.PhysicalResourceId ?? (typeof physicalId === 'string' ? physicalId : physicalId(event)),
    };
    let answer: object;
    try {
      answer = { ...common, Status: 'SUCCESS', Data: await inTime(work, event, context) };
    } catch (error) {
      logger.error('custom resource failed', { request: event.RequestType, error: error as Error });
      const reason = error instanceof CustomResourceError ? error.message : `${nameOf(error)}: see the function's log`;
      answer = { ...common, Status: 'FAILED', Reason: reason };
    }
    await put(event.ResponseURL, JSON.stringify(answer));
  };
}

const nameOf = (error: unknown): string => (error instanceof Error ? error.name : 'Error');

/** What `work` answers, or throws a moment after `signal` told it to stop. */
async function inTime(work: Work, event: CustomResourceEvent, context: Context | undefined) {
  const signal = AbortSignal.timeout(Math.max(0, (context?.getRemainingTimeInMillis() ?? 900_000) - ANSWER_MS));
  const over = new Promise<never>((_, reject) => {
    signal.addEventListener('abort', () => {
      // What stops by itself may say why.
      void setTimeout(2000).then(() => reject(new CustomResourceError("The function's time is up: try again")));
    });
  });
  return await Promise.race([work(event, signal), over]);
}

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
