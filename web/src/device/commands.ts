/** Asking something of a device: the command, and its answer, which comes when the device has given it. */
import type { ResponseOf } from '../../../lib/contract/api.ts';
import type { DeviceCommand } from '../../../lib/contract/device-api.ts';
import { call } from '../api/client.ts';

export type Answer = ResponseOf<'GET /api/devices/{id}/commands/{requestId}'>;

class CommandError extends Error {
  override name = 'CommandError';
}

/** ms between two looks, and until a device that says nothing is given up: it has a minute to list what it has. */
const EVERY = 700;
const PATIENCE = 70_000;

const REASONS: Readonly<Record<NonNullable<Answer['reason']>, string>> = {
  'not-here': 'The device is just being reconnected. Try again in a few seconds.',
  refused: 'The device refused.',
  unsupported: 'This device cannot do that.',
  timeout: 'The device did not answer. Try again; its connection may be slow.',
  busy: 'The device is busy. Try again in a minute.',
  failed: 'The device could not do it.',
};

/** What a failed answer means and what to do. Pure. */
export const sentenceOf = (reason: Answer['reason']): string => REASONS[reason ?? 'failed'];

/** The answer, once it is `done`. @throws ApiProblem when the API refuses, CommandError when the device does. */
export async function ask(id: string, body: DeviceCommand, signal?: AbortSignal): Promise<Answer> {
  const more = signal && { signal };
  let answer: Answer = await call('POST /api/devices/{id}/commands', { params: { id }, body, ...more });
  const { requestId } = answer;
  for (const deadline = Date.now() + PATIENCE; answer.status === 'sent';) {
    if (Date.now() > deadline) throw new CommandError(sentenceOf('timeout'));
    await new Promise((resolve) => setTimeout(resolve, EVERY));
    signal?.throwIfAborted();
    answer = await call('GET /api/devices/{id}/commands/{requestId}', { params: { id, requestId }, ...more });
  }
  if (answer.status === 'failed') throw new CommandError(sentenceOf(answer.reason));
  return answer;
}
