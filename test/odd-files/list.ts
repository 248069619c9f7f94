/** All odd files: one or more for each row of the table in docs/slicing.md, and neighbours of each kind. */
import { CLOCKS } from './clocks.ts';
import type { OddFile } from './making.ts';
import { NEIGHBOURS } from './neighbours.ts';
import { PICTURES } from './pictures.ts';
import { SOUND } from './sound.ts';
import { STRUCTURE } from './structure.ts';
import { TRACKS } from './tracks.ts';

/** With each of them, what is published is read back in `npm test`. */
export const ODD_FILES: readonly OddFile[] = [...CLOCKS, ...STRUCTURE, ...PICTURES, ...SOUND, ...TRACKS];

/** Those that are made, so that players can play them. */
export const PLAYED: readonly OddFile[] = ODD_FILES.filter(
  ({ expected }) => !('planned' in expected && expected.planned),
);

/** What `npm run matrix` plays. */
export const MATRIX: readonly OddFile[] = [...PLAYED, ...NEIGHBOURS];

export const titleOf = ({ row, door }: OddFile): string => (door === undefined ? row : `${row}: ${door}`);
