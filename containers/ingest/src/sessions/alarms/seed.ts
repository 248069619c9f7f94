/** What names an alarm's files. */
import { randomBytes } from 'node:crypto';

export const newSeed = (): string => randomBytes(16).toString('hex');
