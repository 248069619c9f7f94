/** The queues that tasks make for themselves, and which functions send their commands to. */
import { ArnFormat, Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { commandQueuePrefix } from '../config-limits.ts';
import type { Config } from '../config.ts';
import type { SluiceFunction } from './function.ts';

/** All of them. */
export const commandQueueArn = (scope: Construct, config: Config): string =>
  Stack.of(scope).formatArn({
    service: 'sqs',
    resource: `${commandQueuePrefix(config)}*`,
    arnFormat: ArnFormat.NO_RESOURCE_NAME,
  });

export const allowCommands = (fn: SluiceFunction, config: Config): SluiceFunction =>
  fn.allow(
    ['sqs:SendMessage'],
    [commandQueueArn(fn, config)],
    'each task makes a queue of its own; their names begin alike and are not known before',
  );
