import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { required } from '../../lib/contract/env.ts';
import { EVENT_SOURCE, videoEvent, type VideoEvent } from '../../lib/contract/events.ts';

const client = new EventBridgeClient({});

/** Announces a status on the event bus. Throws when the bus did not take it, so that a step retries. */
export async function publish(event: VideoEvent): Promise<void> {
  const answer = await client.send(
    new PutEventsCommand({
      Entries: [
        {
          EventBusName: required('EVENT_BUS'),
          Source: EVENT_SOURCE,
          DetailType: event.status,
          Detail: JSON.stringify(videoEvent.parse(event)),
        },
      ],
    }),
  );
  if (answer.FailedEntryCount) throw new Error(`event bus refused: ${answer.Entries?.[0]?.ErrorCode}`);
}
