/** Measured, on a core of its own: our manifest function as it is deployed, or the one that signs every address. */
import type { APIGatewayProxyStructuredResultV2 } from 'aws-lambda';
import { required } from '../../lib/contract/env.ts';
import { answerMessages, cpuMs } from '../ingest/pinned.ts';
import { mediaPlaylist } from './film.ts';
import { signEach, signer, type Algorithm } from './per-url.ts';

export type MeasuredMessage =
  | { readonly do: 'once'; readonly event: object }
  | { readonly do: 'ours'; readonly event: object; readonly calls: number; readonly side: number }
  | { readonly do: 'perUrl'; readonly algorithm: Algorithm; readonly minutes: number; readonly calls: number };

export interface Measurement {
  /** CPU of each call, ms, by size; of one call after the other. */
  readonly cpu: readonly number[];
  /** From event to answer, ms, by size. */
  readonly wall: readonly number[];
  /** CPU seconds of all calls. */
  readonly cpuSeconds: number;
  readonly calls: number;
  /** Of one answer: what the viewer gets from the API to begin. */
  readonly bytes: number;
}

type Handler = (event: object) => Promise<APIGatewayProxyStructuredResultV2>;
const { handler } = (await import(required('HANDLER'))) as { handler: Handler };

answerMessages<MeasuredMessage>({
  once: ({ event }) => handler(event),
  ours: async ({ event, calls, side }) => {
    const ask = async () => {
      const { statusCode, body = '' } = await handler(event);
      if (statusCode !== 200 && statusCode !== 201) throw new Error(`${statusCode}: ${body}`);
      return body;
    };
    // A warm function has its code compiled: what the first calls take is the cold start's.
    for (let i = 0; i < 300; i += 1) await ask();
    const each = await one(calls, ask);
    const before = cpuMs();
    // As many at once as keep the core busy while each waits for its answers.
    let left = calls;
    const work = async () => {
      for (; left > 0; left -= 1) await ask();
    };
    await Promise.all(Array.from({ length: side }, work));
    return { ...each, cpuSeconds: (cpuMs() - before) / 1000, calls };
  },
  perUrl: async ({ algorithm, minutes, calls }) => {
    const playlist = mediaPlaylist(minutes);
    const sign = signer(algorithm, Date.now() + 3_600_000);
    // What a player loads to begin: a media playlist of pictures and one of sound.
    const ask = () => Promise.resolve(signEach(playlist, sign) + signEach(playlist, sign));
    await ask();
    const before = cpuMs();
    const each = await one(calls, ask);
    return { ...each, cpuSeconds: (cpuMs() - before) / 1000, calls };
  },
});

async function one(calls: number, ask: () => Promise<string>) {
  const cpu: number[] = [];
  const wall: number[] = [];
  let bytes = 0;
  for (let i = 0; i < calls; i += 1) {
    const begun = performance.now();
    const before = cpuMs();
    bytes = Buffer.byteLength(await ask());
    cpu.push(cpuMs() - before);
    wall.push(performance.now() - begun);
  }
  const inOrder = (values: number[]) => values.sort((a, b) => a - b);
  return { cpu: inOrder(cpu), wall: inOrder(wall), bytes };
}
