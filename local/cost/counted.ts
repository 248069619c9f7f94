/** What `npm run cost -- --count` has counted, and the file that keeps it. */
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { CALL_NAMES, type Calls } from './calls.ts';

/** Seconds of the film that is uploaded and sliced. */
export const FILM_SECONDS = 20;

/**
 * `upload`: but for its parts. `part`: to sign one and send it. `slicing`: of a film of `FILM_SECONDS` at 720p, all steps. `play`
 * and `renewal`: a play start of our player, and its next signature. `library`: the list of videos. `deviceHour`: a device that is
 * connected and moves. `streamHour`: one of its channels, live. `livePlay`: a start of a live stream that runs. `alarm`: with its
 * files. `clip`: a video made of six seconds of recording.
 */
export const ACTIONS = [
  'upload',
  'part',
  'slicing',
  'play',
  'renewal',
  'library',
  'deviceHour',
  'streamHour',
  'livePlay',
  'alarm',
  'clip',
] as const;
export type Action = (typeof ACTIONS)[number];

const calls = z.strictObject(
  Object.fromEntries(CALL_NAMES.map((name) => [name, z.number().nonnegative()])),
) as unknown as z.ZodType<Calls>;

const schema = z.strictObject({
  /** Day of the count. */
  counted: z.iso.date(),
  actions: z.strictObject(
    Object.fromEntries(ACTIONS.map((action) => [action, calls])) as Record<Action, z.ZodType<Calls>>,
  ),
});
export type Counted = z.infer<typeof schema>;

export const COUNTED_FILE = fileURLToPath(new URL('counted.json', import.meta.url));

export const readCounted = (): Counted => schema.parse(JSON.parse(readFileSync(COUNTED_FILE, 'utf8')));

/** One action a line, so that a person sees what has changed. */
export function countedText({ counted, actions }: Counted): string {
  const lines = ACTIONS.map((action) => `    ${JSON.stringify(action)}: ${JSON.stringify(actions[action])}`);
  return `{\n  "counted": ${JSON.stringify(counted)},\n  "actions": {\n${lines.join(',\n')}\n  }\n}\n`;
}
