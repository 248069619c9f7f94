/**
 * The layer's own ffmpeg, for tests that run it. Await it at the top of a file: there no test's timeout counts while it
 * is being built, and files that do without run meanwhile.
 */
import { join } from 'node:path';
import { ensureLayer } from '../../lib/constructs/ffmpeg-layer-cache.ts';

export const hostArch = process.arch === 'arm64' ? 'arm64' : 'x86_64';

/** The folder of ffmpeg and ffprobe. Builds them where nobody does yet. */
export const layerFolder = async (): Promise<string> => join(await ensureLayer(hostArch), 'bin');
