/** The ingest task: reads its environment, runs until SIGTERM, hands its devices over and ends. */
import { readServerConfig } from '../common/config.ts';
import { startIngest } from './server.ts';
import { taskId } from './ecs.ts';

const config = readServerConfig();
const ingest = await startIngest(config, await taskId());
const { log } = ingest.services;

const end = () => {
  void ingest.drain().then(
    () => process.exit(0),
    (error: unknown) => {
      log.line('error', 'draining failed', { error: String(error) });
      process.exit(1);
    },
  );
};
process.once('SIGTERM', end);
process.once('SIGINT', end);

// One device's fault must not end the others' streams. What was missed is said, and is a defect.
process.on('unhandledRejection', (error) => log.failure('unhandled', error));
process.on('uncaughtException', (error) => log.failure('uncaught', error));
