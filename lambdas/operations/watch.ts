/** Once an hour: says in the log which videos make no progress, which is counted (lib/contract/operations.ts). */
import { number } from '../../lib/contract/env.ts';
import { VIDEOS_STUCK } from '../../lib/contract/metrics.ts';
import { operationsBounds } from '../../lib/contract/options.ts';
import { logger } from '../shared/logger.ts';
import { stuckVideos } from './stuck.ts';

/** Of those that are named in one line. */
const NAMED = 50;

export async function handler(): Promise<void> {
  const videos = await stuckVideos(Date.now(), number('STUCK_MINUTES', operationsBounds.stuckMinutes));
  // Nothing is said while nothing is wrong: a metric costs by the hours in which it has a value.
  if (videos.length > 0) logger.warn(VIDEOS_STUCK, { stuck: videos.length, videos: videos.slice(0, NAMED) });
}
