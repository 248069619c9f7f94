/**
 * Runs the state machine that the template declares, in virtual time: what Step Functions does with `Retry`, `Catch`, `Map`
 * and `Choice` (Amazon States Language), for functions that run here. The local engine knows no error of a function by its
 * name and waits in real time; nothing here waits.
 */
import type { Template } from 'aws-cdk-lib/assertions';

export interface Retrier {
  readonly ErrorEquals: readonly string[];
  readonly IntervalSeconds: number;
  readonly MaxAttempts: number;
  readonly BackoffRate: number;
  readonly MaxDelaySeconds: number;
  readonly JitterStrategy: string;
}
export interface State {
  readonly Type: string;
  readonly Resource?: string;
  readonly Next?: string;
  readonly End?: boolean;
  readonly Default?: string;
  readonly Retry?: readonly Retrier[];
  readonly Catch?: readonly { ErrorEquals: string[]; Next: string; ResultPath: string | null }[];
  readonly Choices?: readonly (Rule & { Next: string })[];
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly ItemsPath?: string;
  readonly ItemSelector?: Readonly<Record<string, unknown>>;
  readonly MaxConcurrency?: number;
  readonly MaxConcurrencyPath?: string;
  readonly ResultPath?: string | null;
  readonly ItemProcessor?: Flow;
}
/** What a choice asks for. */
interface Rule {
  readonly And?: readonly Rule[];
  readonly Variable?: string;
  readonly StringEquals?: string;
  readonly IsNumeric?: boolean;
  readonly IsPresent?: boolean;
  readonly NumericLessThanEquals?: number;
}
export interface Flow {
  readonly StartAt: string;
  readonly States: Readonly<Record<string, State>>;
}
export interface Machine extends Flow {
  readonly TimeoutSeconds: number;
}

/** The one machine of a template; functions are named by their logical ids. */
export function machineOf(template: Template): Machine {
  const [found] = Object.values(template.findResources('AWS::StepFunctions::StateMachine'));
  const [separator, parts] = found!['Properties'].DefinitionString['Fn::Join'] as [string, unknown[]];
  const text = (part: unknown) =>
    typeof part === 'string' ? part : ((part as { 'Fn::GetAtt'?: string[] })['Fn::GetAtt']?.[0] ?? 'ref');
  return JSON.parse(parts.map(text).join(separator)) as Machine;
}

export const tasksOf = ({ States }: Flow): [name: string, state: State][] =>
  Object.entries(States).flatMap(([name, state]) =>
    state.Type === 'Task'
      ? [[name, state] as [string, State]]
      : state.ItemProcessor
        ? tasksOf(state.ItemProcessor)
        : [],
  );

/** Seconds waited before try `n` (from 1) at most; with full jitter any time up to it, half on average. */
const waitBefore = (n: number, { IntervalSeconds, BackoffRate, MaxDelaySeconds }: Retrier): number =>
  Math.min(MaxDelaySeconds, IntervalSeconds * BackoffRate ** (n - 1));

/** Seconds: all waits of a retrier together. */
export const waitsOf = (retrier: Retrier): { readonly longest: number; readonly average: number } => {
  let longest = 0;
  for (let n = 1; n <= retrier.MaxAttempts; n++) longest += waitBefore(n, retrier);
  return { longest, average: retrier.JitterStrategy === 'FULL' ? longest / 2 : longest };
};

/** Time that passes only while everybody waits. */
export class VirtualClock {
  /** Seconds. */
  now = 0;
  #busy = 0;
  readonly #sleeping: { at: number; wake: () => void }[] = [];

  sleep(seconds: number): Promise<void> {
    return new Promise((wake) => {
      const at = this.now + seconds;
      // After all that wake no later; found by halves, since a backlog sleeps a million times.
      let [first, end] = [0, this.#sleeping.length];
      while (first < end) {
        const middle = (first + end) >> 1;
        if (this.#sleeping[middle]!.at <= at) first = middle + 1;
        else end = middle;
      }
      this.#sleeping.splice(first, 0, { at, wake });
    });
  }

  /** Real work: time stands still meanwhile. */
  async work<T>(work: () => Promise<T>): Promise<T> {
    this.#busy += 1;
    try {
      return await work();
    } finally {
      this.#busy -= 1;
    }
  }

  /** Runs until all is done. */
  async run<T>(all: readonly Promise<T>[]): Promise<T[]> {
    const done = Promise.all(all);
    let ended = false;
    const end = () => (ended = true);
    done.then(end, end);
    while (!ended) {
      await new Promise((resolve) => setImmediate(resolve));
      if (ended || this.#busy > 0) continue;
      const next = this.#sleeping.shift();
      if (next === undefined) continue;
      this.now = next.at;
      next.wake();
    }
    return await done;
  }
}

export type Invoke = (resource: string, input: unknown) => Promise<unknown>;

export interface Ended {
  readonly status: 'SUCCEEDED' | 'FAILED' | 'TIMED_OUT';
  /** The last state. */
  readonly state: string;
  /** Virtual seconds it took. */
  readonly seconds: number;
  readonly tries: number;
}

interface Context {
  readonly Execution: { readonly Name: string; readonly Input: unknown };
  readonly Map?: { readonly Item: { readonly Value: unknown } };
}

class Thrown extends Error {}

/** `random`: from 0 up to 1, of the jitter. */
export async function execute(
  machine: Machine,
  name: string,
  input: unknown,
  { clock, invoke, random = Math.random }: { clock: VirtualClock; invoke: Invoke; random?: () => number },
): Promise<Ended> {
  const start = clock.now;
  let tries = 0;

  const task = async (state: State, data: unknown, context: Context): Promise<unknown> => {
    const payload = state.Parameters === undefined ? data : fill(state.Parameters, data, context);
    const counts = new Map<Retrier, number>();
    for (;;) {
      tries += 1;
      try {
        return await invoke(state.Resource!, structuredClone(payload));
      } catch (error) {
        const retrier = state.Retry?.find(({ ErrorEquals }) => catches(ErrorEquals, error));
        const n = (retrier && counts.get(retrier)) ?? 0;
        if (retrier === undefined || n >= retrier.MaxAttempts) throw error;
        counts.set(retrier, n + 1);
        await clock.sleep(waitBefore(n + 1, retrier) * (retrier.JitterStrategy === 'FULL' ? random() : 1));
      }
    }
  };

  const map = async (state: State, data: unknown, context: Context): Promise<void> => {
    const items = [...(at(data, state.ItemsPath!) as unknown[])];
    const worker = async () => {
      for (let Value = items.shift(); Value !== undefined; Value = items.shift()) {
        const own = { ...context, Map: { Item: { Value } } };
        await flow(state.ItemProcessor!, fill(state.ItemSelector!, data, own), own).catch((error: unknown) => {
          // An item that ends in Fail fails its Map, which may catch that.
          throw error instanceof Thrown ? Object.assign(new Error(error.message), { name: 'ItemFailed' }) : error;
        });
      }
    };
    const most = state.MaxConcurrencyPath
      ? (at(data, state.MaxConcurrencyPath) as number)
      : state.MaxConcurrency || items.length;
    await Promise.all(Array.from({ length: Math.min(items.length, most) }, worker));
  };

  const flow = async ({ StartAt, States }: Flow, first: unknown, context: Context): Promise<string> => {
    let data = first;
    for (let current = StartAt; ;) {
      const state = States[current]!;
      let next = state.Next;
      try {
        if (state.Type === 'Task') {
          const answer = await task(state, data, context);
          if (state.ResultPath !== null) data = answer;
        } else if (state.Type === 'Map') await map(state, data, context);
        else if (state.Type === 'Choice')
          next = state.Choices!.find((choice) => holds(choice, data))?.Next ?? state.Default;
        else if (state.Type === 'Fail') throw new Thrown(current);
        else if (state.Type !== 'Succeed') throw new TypeError(`a state this does not play: ${state.Type}`);
      } catch (error) {
        const caught = error instanceof Thrown ? undefined : state.Catch?.find((c) => catches(c.ErrorEquals, error));
        if (caught === undefined) throw error;
        const { name: Error, message: Cause } = error as globalThis.Error;
        if (caught.ResultPath !== null) data = { ...(data as object), [caught.ResultPath.slice(2)]: { Error, Cause } };
        next = caught.Next;
      }
      if (next === undefined) return current;
      current = next;
    }
  };

  try {
    const state = await flow(machine, input, { Execution: { Name: name, Input: input } });
    const seconds = clock.now - start;
    return { status: seconds > machine.TimeoutSeconds ? 'TIMED_OUT' : 'SUCCEEDED', state, seconds, tries };
  } catch (error) {
    return { status: 'FAILED', state: (error as Error).message, seconds: clock.now - start, tries };
  }
}

const catches = (names: readonly string[], error: unknown): boolean =>
  names.includes('States.ALL') || names.includes((error as Error).name);

function holds({ And, Variable = '$', ...rule }: Rule, data: unknown): boolean {
  if (And !== undefined) return And.every((one) => holds(one, data));
  const value = at(data, Variable);
  if (rule.IsNumeric !== undefined) return (typeof value === 'number') === rule.IsNumeric;
  if (rule.IsPresent !== undefined) return (value !== undefined) === rule.IsPresent;
  if (rule.NumericLessThanEquals !== undefined) return typeof value === 'number' && value <= rule.NumericLessThanEquals;
  return value === rule.StringEquals;
}

/** `$.a.b`, `$.a[0]` and `$$.a.b`. */
function at(data: unknown, path: string, context?: Context): unknown {
  const [root, ...names] = path.replaceAll(/\[([0-9]+)\]/g, '.$1').split('.');
  let value: unknown = root === '$$' ? context : data;
  for (const name of names) value = (value as Record<string, unknown> | undefined)?.[name];
  return value;
}

function fill(template: Readonly<Record<string, unknown>>, data: unknown, context: Context): Record<string, unknown> {
  return Object.fromEntries(
    Object.entries(template).map(([name, value]) =>
      name.endsWith('.$') ? [name.slice(0, -2), at(data, value as string, context)] : [name, value],
    ),
  );
}
