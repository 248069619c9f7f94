/** Uploads of the console as tests drive and watch them: files dropped on the page, rows, the network cut off. */
import type { Locator, Page } from 'playwright-core';

interface Dropped {
  readonly name: string;
  readonly type?: string;
  /** Bytes, of nothing that is a video; or the file's own, in base64. */
  readonly content: number | string;
  readonly modified?: number;
}

/** Drops files on the page, as from a folder. */
export async function drop(page: Page, ...files: readonly Dropped[]): Promise<void> {
  const transfer = await page.evaluateHandle((all) => {
    const make = globalThis as unknown as {
      DataTransfer: new () => { items: { add: (file: unknown) => void } };
      File: new (parts: Uint8Array[], name: string, options: object) => unknown;
      crypto: { getRandomValues: (bytes: Uint8Array) => void };
    };
    const data = new make.DataTransfer();
    for (const { name, type = 'video/mp4', content, modified = 1_700_000_000_000 } of all) {
      const bytes =
        typeof content === 'number'
          ? new Uint8Array(content)
          : Uint8Array.from(atob(content), (character) => character.charCodeAt(0));
      data.items.add(new make.File([bytes], name, { type, lastModified: modified }));
    }
    return data;
  }, files as Dropped[]);
  await page.locator('#main').dispatchEvent('drop', { dataTransfer: transfer });
}

export const rowOf = (page: Page, name: string): Locator =>
  page.getByRole('list', { name: 'Files' }).getByRole('listitem').filter({ hasText: name });

/** The link of a row whose video failed, as no video does: it has arrived whole, and was looked at. */
export const lookedAt = (row: Locator): Locator => row.getByRole('link', { name: /^Details of/ });

/**
 * From now on, whatever the row of this file says, each once, in the order in which it was said; numbers left out. Looked at in the page,
 * whenever anything in it changes: what is said for a moment only is heard, too. The answer tells it.
 */
export async function watchWords(page: Page, name: string): Promise<() => Promise<readonly string[]>> {
  await page.evaluate((wanted) => {
    interface Part {
      readonly textContent: string;
      readonly querySelector: (selector: string) => Part | null;
    }
    const scope = globalThis as unknown as {
      said: string[];
      document: { querySelectorAll: (selector: string) => Iterable<Part> };
      MutationObserver: new (look: () => void) => { observe: (what: unknown, how: object) => void };
    };
    const said: string[] = [];
    scope.said = said;
    new scope.MutationObserver(() => {
      for (const row of scope.document.querySelectorAll('[aria-label="Files"] > li')) {
        if (!row.textContent.includes(wanted)) continue;
        const words = (row.querySelector('[data-words]')?.textContent ?? '').replace(/[\d.]+ %/g, 'N %');
        if (words !== '' && said.at(-1) !== words) said.push(words);
      }
    }).observe(scope.document, { subtree: true, childList: true, characterData: true });
  }, name);
  return () => page.evaluate(() => (globalThis as unknown as { said: string[] }).said);
}
