/** Where ffmpeg and ffprobe are. */
import { existsSync } from 'node:fs';

/**
 * `FFMPEG_PATH` or `FFPROBE_PATH` where that file is there (an engine that runs functions in containers does not see it);
 * else where the layer puts it; else the one on PATH.
 */
export function programPath(name: 'ffmpeg' | 'ffprobe', env: NodeJS.ProcessEnv = process.env): string {
  const given = env[`${name.toUpperCase()}_PATH`];
  if (given && existsSync(given)) return given;
  const layer = `/opt/bin/${name}`;
  return existsSync(layer) ? layer : name;
}
