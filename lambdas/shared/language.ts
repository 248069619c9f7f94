/** What a track is in and what it is called, from what a file or a person says. Pure. */
import { oneLine } from '../../lib/contract/text.ts';
import { languageTag } from '../../lib/contract/video.ts';

/** ISO 639-2: undetermined, uncoded, several, none. A viewer cannot choose by them. */
const NO_LANGUAGE = new Set(['und', 'mis', 'mul', 'zxx']);

/** Characters of a label, at most. */
const LABEL_LENGTH = 100;

/** A file's word for a language (`ger`, `deu`, `de-AT`) as a BCP 47 tag in its shortest form; undefined when it is none. */
export function readLanguage(word: unknown): string | undefined {
  const tag = languageTag.safeParse(word);
  if (!tag.success) return undefined;
  try {
    const [canonical] = Intl.getCanonicalLocales(tag.data);
    return canonical === undefined || NO_LANGUAGE.has(canonical) ? undefined : canonical;
  } catch {
    return undefined;
  }
}

/**
 * A label as it may stand in a playlist's quoted string: one line, without quotes, and without what players would take for
 * a variable (RFC 8216bis 4.2, 4.3). Undefined when nothing is left.
 */
export function readLabel(text: unknown): string | undefined {
  if (typeof text !== 'string') return undefined;
  return oneLine(text.replaceAll('"', '’').replaceAll(/\{\$+/g, '{'), LABEL_LENGTH) || undefined;
}

/** What a language is called in itself: `de` → `Deutsch`. */
function ownName(language: string): string | undefined {
  const name = new Intl.DisplayNames([language], {
    type: 'language',
    fallback: 'none',
    languageDisplay: 'standard',
  }).of(language);
  return name === undefined ? undefined : name.charAt(0).toLocaleUpperCase(language) + name.slice(1);
}

/** A label for each of these tracks: its title, else its language, else its number; no two alike (RFC 8216bis 4.4.6.1.1). */
export function labelsOf(tracks: readonly { language?: string | undefined; title?: string | undefined }[]): string[] {
  const used = new Set<string>();
  return tracks.map(({ language, title }, position) => {
    const base = title ?? (language && ownName(language)) ?? (position === 0 ? 'main' : `Track ${position + 1}`);
    let label = base;
    for (let number = 2; used.has(label); number += 1) label = `${base.slice(0, LABEL_LENGTH - 4)} ${number}`;
    used.add(label);
    return label;
  });
}
