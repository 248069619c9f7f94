/** A captions file that a person chose: its text whatever it was saved as, and the language its name says. Pure. */

/** Bytes: what is larger is no captions file. */
export const MAX_CAPTION_BYTES = 2_000_000;

/** UTF-8 where it is; else UTF-16 by its mark, or what Windows programs of western Europe write. */
export function decodeCaptions(bytes: Uint8Array): string {
  const [first, second] = bytes;
  if (first === 0xff && second === 0xfe) return new TextDecoder('utf-16le').decode(bytes);
  if (first === 0xfe && second === 0xff) return new TextDecoder('utf-16be').decode(bytes);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return new TextDecoder('windows-1252').decode(bytes);
  }
}

/** Languages to choose from; the file's own or another track's joins them. */
const LANGUAGES =
  'ar bg bn ca cs da de el en es et fa fi fr he hi hr hu id is it ja ko lt lv ms nl no pl pt pt-BR ro ru sk sl sr sv th tr uk ur vi zh-Hans zh-Hant'.split(
    ' ',
  );

const nameOf = (language: string): string => {
  try {
    return (
      new Intl.DisplayNames([language], { type: 'language', languageDisplay: 'standard' }).of(language) ?? language
    );
  } catch {
    return language;
  }
};

/** For a select: each by what it calls itself. */
export function languageOptions(more: readonly (string | undefined)[]): { value: string; label: string }[] {
  const all = [...new Set([...LANGUAGES, ...more.flatMap((language) => language ?? [])])];
  return all.map((value) => ({ value, label: nameOf(value) })).sort((a, b) => a.label.localeCompare(b.label));
}

/** `film.pt-BR.srt` → `pt-BR`; undefined when its name says none. */
export function languageOfName(filename: string): string | undefined {
  const word = /[._-]([A-Za-z]{2,3}(?:-[A-Za-z]{2,4})?)\.(?:srt|vtt)$/i.exec(filename)?.[1];
  if (word === undefined) return undefined;
  try {
    const [tag] = Intl.getCanonicalLocales(word);
    const isKnown = new Intl.DisplayNames(['en'], { type: 'language', fallback: 'none' }).of(tag!) !== undefined;
    return isKnown ? tag : undefined;
  } catch {
    return undefined;
  }
}
