import { homedir } from 'node:os';
import { join } from 'node:path';

/** Where things that take long to make are kept between runs: `SLUICE_CACHE`, else the user's cache folder. */
export function cacheFolder(...parts: string[]): string {
  const base =
    process.env['SLUICE_CACHE'] ?? join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sluice');
  return join(base, ...parts);
}
