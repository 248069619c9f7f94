import { join } from 'node:path';
import { cacheBase } from '../lib/constructs/ffmpeg-layer-cache.ts';

/** Where the local run keeps things that take long to make: in the folder that holds the ffmpeg layer, too. */
export const cacheFolder = (...parts: string[]): string => join(cacheBase(), ...parts);
