/** Dollars of functions. */
import type { Config } from '../../lib/config.ts';
import { PRICES } from '../../lib/contract/prices.ts';
import type { Invocation } from './worker.ts';

/** MiB that buy one vCPU (Lambda guide, "Configure Lambda function memory"). */
export const MIB_A_VCPU = 1769;
export const vcpusOf = (memoryMiB: number): number => memoryMiB / MIB_A_VCPU;

/** Seconds on the processors that the memory buys: all it used spread over them, but no less than its busiest thread. */
export const secondsOf = (
  { cpuSeconds, threadSeconds }: Pick<Invocation<unknown>, 'cpuSeconds' | 'threadSeconds'>,
  memoryMiB: number,
): number => Math.max(cpuSeconds / vcpusOf(memoryMiB), threadSeconds / Math.min(1, vcpusOf(memoryMiB)));

export const priceOf = (
  functions: readonly { readonly seconds: number; readonly memoryMiB: number }[],
  { architecture }: Pick<Config, 'architecture'>,
): number =>
  functions.reduce(
    (sum, { seconds, memoryMiB }) =>
      sum + PRICES.invocation.dollars + (seconds * memoryMiB * PRICES.gbSecond[architecture].dollars) / 1024,
    0,
  );
