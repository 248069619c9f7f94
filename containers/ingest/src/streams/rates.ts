/** What one channel may make a task do in a minute, over whichever connections, streams and playbacks. Pure. */
import { Rate } from '../common/rate.ts';

const MINUTE_MS = 60_000;
/**
 * Segments in a minute beyond those that their duration leads to expect: losses, connections that come again and encoders
 * that change end them early, and what gathered behind a gap in the link comes at once.
 */
const MORE_SEGMENTS = 60;

/** Connections that begin to send a channel: each is a read or two and two writes of the device's record. */
const MOST_ARRIVALS = 60;

export const arrivalRate = (): Rate => new Rate(MOST_ARRIVALS, MINUTE_MS);

/** Segments and changes of initialization sections: each is a request or two to S3, however small. */
export const segmentRate = (segmentSeconds: number): Rate =>
  new Rate(Math.ceil(60 / segmentSeconds) + MORE_SEGMENTS, MINUTE_MS);
