/** Writes that fail on purpose: middleware in the SDK's clients and in the store of segments, in front of the real engine. */
import { connectAws, type Aws } from '../../../../containers/ingest/src/cloud/aws.ts';
import type { ObjectStore } from '../../../../containers/ingest/src/cloud/object-store.ts';

/**
 * `once`: the first is not sent. `unanswered`: the first is done, and its answer lost. `minute`: none is sent for as long as a
 * minute is here, from the first on.
 */
export const WAYS = ['once', 'unanswered', 'minute'] as const;
export type Way = (typeof WAYS)[number];

/** Milliseconds of a minute, and the pauses of a deployment, thirty times as fast. */
export const MINUTE = 2000;
export const PAUSES = { first: 500 / 30, last: 15_000 / 30 };

export interface Rule {
  /** Of `Command {input as JSON}`. */
  readonly write: RegExp;
  readonly way: Way;
  /** Of this device, or this task. */
  readonly whose: string[];
  hits: number;
  since: number | undefined;
}

type Middleware = (
  next: (args: { input: unknown }) => Promise<unknown>,
  context: { readonly commandName?: string },
) => (args: { input: unknown }) => Promise<unknown>;

export class Trouble {
  readonly aws: Aws;
  readonly #rules: Rule[] = [];
  /** Events that the bus has taken. */
  readonly events: { readonly device: string; readonly type: string }[] = [];

  constructor() {
    const aws = connectAws('us-east-1');
    for (const client of [aws.dynamo, aws.s3, aws.sqs, aws.events]) {
      const { middlewareStack } = client as unknown as {
        middlewareStack: { add(middleware: Middleware, at: object): void };
      };
      middlewareStack.add(
        (next, { commandName = '' }) =>
          async (args) => {
            const answer = await this.#through(`${commandName} ${textOf(args.input)}`, () => next(args));
            if (commandName === 'PutEventsCommand') this.#took(args.input as { Entries: { Detail: string }[] });
            return answer;
          },
        { step: 'initialize', name: 'trouble' },
      );
    }
    const { store } = aws;
    const put: ObjectStore['put'] = (bucket, key, parts, headers, seal) =>
      this.#through(`put ${key} ${JSON.stringify(headers)}`, () => store.put(bucket, key, parts, headers, seal));
    const troubled = new Proxy(store, {
      get: (target, name) => {
        if (name === 'put') return put;
        const value: unknown = Reflect.get(target, name, target);
        return typeof value === 'function' ? value.bind(target) : value;
      },
    });
    this.aws = { ...aws, store: troubled };
  }

  fail(write: RegExp, way: Way, whose: string): Rule {
    const rule: Rule = { write, way, whose: [whose], hits: 0, since: undefined };
    this.#rules.push(rule);
    return rule;
  }

  #took({ Entries }: { Entries: { Detail: string }[] }): void {
    for (const { Detail } of Entries) this.events.push(JSON.parse(Detail) as { device: string; type: string });
  }

  async #through<T>(text: string, send: () => Promise<T>): Promise<T> {
    // A video's source is named by the video alone.
    const video = /"origin"/.test(text) ? /"id":"([a-z0-9]{20})"/.exec(text)?.[1] : undefined;
    for (const one of this.#rules) if (video !== undefined && isOf(one, text)) one.whose.push(video);
    // A batch may hold what several devices wrote: whoever's is not to be sent, none of it is.
    const rules = this.#rules.filter((one) => isOf(one, text) && one.write.test(text) && isOn(one));
    if (rules.length === 0) return send();
    const unsent = rules.filter(({ way }) => way !== 'unanswered');
    for (const rule of unsent.length > 0 ? unsent : rules) {
      rule.hits += 1;
      rule.since ??= performance.now();
    }
    if (unsent.length === 0) await send();
    throw new ServiceUnavailable(text.slice(0, 300));
  }
}

const isOf = ({ whose }: Rule, text: string): boolean => whose.some((name) => text.includes(name));

const isOn = ({ way, hits, since }: Rule): boolean =>
  way === 'minute' ? since === undefined || performance.now() - since < MINUTE : hits === 0;

class ServiceUnavailable extends Error {
  override name = 'ServiceUnavailable';
  readonly $metadata = { httpStatusCode: 503, attempts: 3 };
}

/** As JSON, without bytes, and without the types DynamoDB writes beside values. */
const textOf = (input: unknown): string => JSON.stringify(withoutBytes(input)).replaceAll(TYPES, '$1');
const TYPES = /\{"(?:S|N|BOOL)":("(?:[^"\\]|\\.)*"|true|false)\}/g;

function withoutBytes(value: unknown): unknown {
  if (value instanceof Uint8Array) return `${value.length} bytes`;
  if (Array.isArray(value)) return value.map(withoutBytes);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, withoutBytes(inner)]));
}
