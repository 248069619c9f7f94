/** The ingest task: reads its environment, runs until SIGTERM, hands its devices over and ends. */
import { readServerConfig } from '../common/config.ts';
import { startIngest } from './server.ts';
import { taskId } from './ecs.ts';
import { Ending } from './ending.ts';

const config = readServerConfig();
const ingest = await startIngest(config, await taskId());
const { log } = ingest.services;

const ending = new Ending({
  drain: () => ingest.drain(),
  seconds: config.options.drainSeconds,
  log,
  exit: (code) => process.exit(code),
});
process.once('SIGTERM', () => ending.begin());
process.once('SIGINT', () => ending.begin());
// A connection's own fault is caught where it is. What comes here is nobody's, and leaves the task in a state that nobody knows:
// its devices are handed over, and ECS puts another in its place.
process.on('uncaughtException', (error) => ending.fail('uncaught', error));
process.on('unhandledRejection', (error) => ending.fail('unhandled', error));
