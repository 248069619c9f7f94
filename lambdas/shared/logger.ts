import { Logger } from '@aws-lambda-powertools/logger';

/** One JSON line per thing worth knowing. Never hand it a token, a signed URL or a whole event. */
export const logger = new Logger();

/**
 * What all lines from here on are about, until the next call: `id`, as `correlation_id`, is that of a video from its upload to its
 * viewers, and of a device from its connection to its viewers (docs/runbook.md, "How to look"). Call it at the beginning of
 * each piece of work: what an execution did before is not what it does now.
 */
export function about(id: string | undefined, keys: Readonly<Record<string, string | undefined>> = {}): void {
  logger.resetKeys();
  if (id !== undefined) logger.setCorrelationId(id);
  logger.appendKeys(Object.fromEntries(Object.entries(keys).filter(([, value]) => value !== undefined)));
}
