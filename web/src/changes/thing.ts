/** What a field of the page of changes names. Pure. */

const KINDS: Readonly<Record<string, string>> = { v: 'video', d: 'device', collections: 'collection' };

/** Of the address of a page about a video, device or collection that one, as the log names it; else as it was written. */
export function thingOf(text: string): string {
  const [, page = '', id] = /^https?:\/\/[^/]+\/(v|d|collections)\/([\w-]+)/.exec(text.trim()) ?? [];
  return id === undefined ? text.trim() : `${KINDS[page]}:${id}`;
}
