/** What one channel may make a task do in a minute, over whichever connections, streams and playbacks. Pure. */
import { Rate } from '../common/rate.ts';

const MINUTE_MS = 60_000;
/**
 * Segments in a minute beyond those that their duration leads to expect: losses, connections that come again and encoders
 * that change end them early, and what gathered behind a gap in the link comes at once.
 */
const MORE_SEGMENTS = 60;

/** Segments and changes of initialization sections: each is a request or two to S3, however small. */
export const segmentRate = (segmentSeconds: number): Rate =>
  new Rate(Math.ceil(60 / segmentSeconds) + MORE_SEGMENTS, MINUTE_MS);
