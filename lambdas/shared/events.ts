import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { required } from '../../lib/contract/env.ts';
import { EVENT_SOURCE, videoEvent, type VideoEvent } from '../../lib/contract/events.ts';

const client = new EventBridgeClient({});

/** Announces a status on the event bus. Throws, by the bus's own name for it, when it did not take it: a step tries again. */
export async function publish(event: VideoEvent): Promise<void> {
  const answer = await client.send(
    new PutEventsCommand({
      Entries: [
        {
          EventBusName: required('EVENT_BUS'),
          Source: EVENT_SOURCE,
          // One bus for all deployments of an account: by this each knows its own.
          Resources: [required('VIDEOS_TABLE')],
          DetailType: event.status,
          Detail: JSON.stringify(videoEvent.parse(event)),
        },
      ],
    }),
  );
  if (!answer.FailedEntryCount) return;
  const name = answer.Entries?.[0]?.ErrorCode;
  throw Object.assign(new Error(`event bus refused: ${name}`), { name });
}
