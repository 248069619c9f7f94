/** What a person sends of captions, as a text track. Pure but for the id. */
import { randomInt } from 'node:crypto';
import type { z } from 'zod';
import type { textAdded } from '../../lib/contract/api.ts';
import type { TextTrack } from '../../lib/contract/video.ts';
import { CueError, parseCues, type Cue } from '../shared/cues.ts';
import { refusedField } from '../shared/errors.ts';
import { labelsOf, readLabel, readLanguage } from '../shared/language.ts';

const LETTERS = 'abcdefghijklmnopqrstuvwxyz0123456789';
const newId = (): string => Array.from({ length: 12 }, () => LETTERS[randomInt(LETTERS.length)]).join('');

/** The cues of the file and what the list says of it. Throws `invalid-request`, naming the line. */
export function readText(body: z.output<typeof textAdded>): { cues: Cue[]; track: TextTrack } {
  const language = languageOf(body.language);
  const title = body.label === undefined ? undefined : labelOf(body.label);
  const cues = cuesOf(body.text);
  const [label] = labelsOf([{ language, title }]);
  return { cues, track: { id: newId(), language, label: label!, origin: 'added', cues: cues.length } };
}

function cuesOf(text: string): Cue[] {
  try {
    return parseCues(text);
  } catch (error) {
    if (error instanceof CueError) throw refusedField('body.text', error.message, error);
    throw error;
  }
}

/** Throws `invalid-request`. */
export function languageOf(tag: string): string {
  const language = readLanguage(tag);
  if (language === undefined) throw refusedField('body.language', 'is no language, such as `de` or `pt-BR`');
  return language;
}

/** Throws `invalid-request`. */
export function labelOf(text: string): string {
  const label = readLabel(text);
  if (label === undefined) throw refusedField('body.label', 'must say something');
  return label;
}
