/** Program: everything of AWS that the measured process talks to, as stand-ins that count. */
import { serve } from './http.ts';
import { answerMessages, cpuMs } from './pinned.ts';
import { Sink, type Counted } from './sink.ts';
import { Tables } from './tables.ts';

export type CloudMessage =
  | { readonly do: 'ports' }
  | { readonly do: 'take' }
  | { readonly do: 'stall'; readonly seconds: number };
export interface CloudPorts {
  readonly sink: number;
  readonly tables: number;
}
export interface CloudCounts extends Counted {
  readonly calls: Readonly<Record<string, number>>;
  readonly positionItems: number;
  readonly positions: number;
  /** Of this process from its start. */
  readonly cpuMs: number;
}

const sink = new Sink();
const tables = new Tables();
const ports: Promise<CloudPorts> = (async () => ({
  sink: await serve(sink),
  tables: await serve({
    wants: () => true,
    reply: (request, _, body) => tables.reply(request, body!.toString('utf8')),
  }),
}))();

answerMessages<CloudMessage>({
  ports: () => ports,
  stall: ({ seconds }) => sink.stall(seconds),
  take: (): CloudCounts => ({
    ...sink.take(),
    calls: { ...tables.calls },
    positionItems: tables.positionItems,
    positions: tables.positions,
    cpuMs: cpuMs(),
  }),
});
