/** What is to be known of a multivariant playlist by who has no record of its video. Pure. */
import { GROWS } from '../../../lib/contract/manifest.ts';

export interface Manifest {
  /** What it lists: media playlists, languages and names, whoever it was signed for. */
  readonly listed: string;
  /** Whether there will be more in the next one. */
  readonly grows: boolean;
}

export function readManifest(text: string): Manifest {
  const lines = text.split('\n');
  const listed = lines.filter((line) => !line.startsWith('#') || line.startsWith('#EXT-X-MEDIA:'));
  const everybodys = listed.map((line) => line.replace(/\/s\/[^/]+\//, '/'));
  return { listed: everybodys.join('\n'), grows: lines.includes(GROWS) };
}
