import { Logger } from '@aws-lambda-powertools/logger';

/** One JSON line per thing worth knowing. Never hand it a token, a signed URL or a whole event. */
export const logger = new Logger();
