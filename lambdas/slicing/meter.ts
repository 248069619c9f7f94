/** What a call of a function uses, measured by itself: billed seconds times memory, and requests to S3 and DynamoDB. */
import type { Usage } from '../../lib/contract/cost.ts';
import { dynamo, s3 } from '../shared/clients.ts';
import { UNITS_A_WRITE } from './cost-of-a-second.ts';
import { addUsage } from './prices.ts';

const counted = { puts: 0, gets: 0, writes: 0 };

/** What AWS charges nothing for, or next to nothing. */
const FREE = /^(Delete|Abort)/;
const READS = /^(Get|Head)/;

// One call at a time runs in a process, so what is counted meanwhile is its own.
s3.middlewareStack.add(
  (next, { commandName = '' }) =>
    (args) => {
      if (!FREE.test(commandName)) counted[READS.test(commandName) ? 'gets' : 'puts'] += 1;
      return next(args);
    },
  { step: 'initialize', name: 'sluiceMeter' },
);
dynamo.middlewareStack.add(
  (next, { commandName = '' }) =>
    (args) => {
      if (/^(Update|Put|Delete|Transact)/.test(commandName)) counted.writes += UNITS_A_WRITE;
      return next(args);
    },
  { step: 'initialize', name: 'sluiceMeter' },
);

let first = true;

/** Begins to measure; the answer says what was used so far. Starting the process is billed with its first call. */
export function startMeter(env: NodeJS.ProcessEnv = process.env): () => Usage {
  const started = performance.now() - (first ? process.uptime() * 1000 : 0);
  first = false;
  const before = { ...counted };
  const memoryMiB = Number(env['AWS_LAMBDA_FUNCTION_MEMORY_SIZE'] ?? 0);
  return () =>
    addUsage([
      {
        invocations: 1,
        gbSeconds: (Math.ceil(performance.now() - started) / 1000) * (memoryMiB / 1024),
        puts: counted.puts - before.puts,
        gets: counted.gets - before.gets,
        writes: counted.writes - before.writes,
      },
    ]);
}
