/**
 * Measured: the upload Lambda, bundled as it is deployed. A message is a list of HTTP API events, as JSON texts, answered
 * one after the other: a message for each call would cost more than the call. `stepMs` passes before each, on the clock
 * by which the Lambda decides whether to read a record again.
 */
import { beMeasured } from './measured.ts';

export interface Calls {
  readonly events: readonly string[];
  readonly stepMs: number;
}

let ahead = 0;
const now = performance.now.bind(performance);
performance.now = () => now() + ahead;

const { handler } = (await import(process.argv[2]!)) as { handler: (event: unknown) => Promise<unknown> };
beMeasured(async (message) => {
  const { events, stepMs } = message as Calls;
  const answers: string[] = [];
  for (const event of events) {
    ahead += stepMs;
    answers.push(JSON.stringify(await handler(JSON.parse(event))));
  }
  return answers;
});
