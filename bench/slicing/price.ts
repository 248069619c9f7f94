/** Dollars of functions. */
import type { Config } from '../../lib/config.ts';
import type { Invocation } from './worker.ts';

/** MiB that buy one vCPU (Lambda guide, "Configure Lambda function memory"). */
export const MIB_A_VCPU = 1769;
export const vcpusOf = (memoryMiB: number): number => memoryMiB / MIB_A_VCPU;

/** Seconds on the processors that the memory buys: all it used spread over them, but no less than its busiest thread. */
export const secondsOf = (
  { cpuSeconds, threadSeconds }: Pick<Invocation<unknown>, 'cpuSeconds' | 'threadSeconds'>,
  memoryMiB: number,
): number => Math.max(cpuSeconds / vcpusOf(memoryMiB), threadSeconds / Math.min(1, vcpusOf(memoryMiB)));

/** Dollars a GB-second (1,024 MiB), us-east-1, first tier. */
const GB_SECOND = { x86_64: 0.0000166667, arm64: 0.0000133334 };
const REQUEST = 0.2 / 1e6;

export const priceOf = (
  functions: readonly { readonly seconds: number; readonly memoryMiB: number }[],
  { architecture }: Pick<Config, 'architecture'>,
): number =>
  functions.reduce(
    (sum, { seconds, memoryMiB }) => sum + REQUEST + (seconds * memoryMiB * GB_SECOND[architecture]) / 1024,
    0,
  );
