/** Tabs of one person, by the locks and channels that Node has as browsers have them. */
import { locks } from 'node:worker_threads';
import { afterEach, describe, expect, it } from 'vitest';
import type { Upload } from '../../../web/src/upload/rows.ts';
import { Tabs, type Sender } from '../../../web/src/upload/tabs.ts';
import type { Act, Taken } from '../../../web/src/upload/uploads.ts';

/** What the browser keeps, for all tabs of a test: what Uploads does with IndexedDB. */
class Browser {
  readonly name = `uploads ${crypto.randomUUID()}`;
  readonly kept = new Map<string, Upload>();
  readonly acts: [Act, string][] = [];
  readonly tabs: Tabs[] = [];
  /** How many tabs are sending now, and the most there ever were. */
  senders = 0;
  most = 0;

  open(): { tab: Tabs; states: () => string[]; files: Map<string, Blob> } {
    const files = new Map<string, Blob>();
    const tab = new Tabs(this.name, {
      locks,
      channel: new BroadcastChannel(this.name),
      changed: () => {},
      start: async (changed, arrived) => this.#sender(changed, arrived, files),
    });
    this.tabs.push(tab);
    return { tab, states: () => tab.list.map(({ name, state }) => `${name} ${state}`), files };
  }

  #sender(changed: () => void, arrived: readonly Upload[], files: Map<string, Blob>): Sender {
    this.senders += 1;
    this.most = Math.max(this.most, this.senders);
    const list = new Map(arrived.map((upload) => [upload.id, upload]));
    for (const [id, upload] of this.kept) list.set(id, upload);
    return {
      list: () => [...list.values()],
      add: (taken) => {
        for (const { id, name, type, modified, file } of taken) {
          files.set(id, file);
          const upload: Upload = { id, name, type, modified, size: file.size, state: 'uploading', sent: 0 };
          list.set(id, upload);
          this.kept.set(id, upload);
        }
        changed();
      },
      act: (act, ids) => {
        for (const id of ids) {
          this.acts.push([act, id]);
          const upload = list.get(id);
          if (act === 'pause' && upload) list.set(id, { ...upload, state: 'paused' });
          // Here: it has arrived, and so is kept no more.
          if (act === 'retry' && upload) {
            list.set(id, { ...upload, state: 'arrived' });
            this.kept.delete(id);
          }
        }
        changed();
      },
      close: () => void (this.senders -= 1),
    };
  }
}

let browser = new Browser();
afterEach(() => {
  for (const tab of browser.tabs) tab.close();
  browser = new Browser();
});

const taken = (name: string): Taken => ({
  id: `id of ${name}`,
  name,
  type: 'video/mp4',
  modified: 1,
  file: new Blob([name]),
});

describe('one tab uploads', () => {
  it('and another shows it, hands it files and pauses what it sends', async () => {
    const first = browser.open();
    await first.tab.ready;
    first.tab.add([taken('a')]);
    const second = browser.open();
    await second.tab.ready;
    expect(second.states()).toEqual(['a uploading']);
    expect([first.tab.isSender, second.tab.isSender]).toEqual([true, false]);

    second.tab.add([taken('b')]);
    expect(second.states(), 'at once').toEqual(['a uploading', 'b waiting']);
    await expect.poll(second.states).toEqual(['a uploading', 'b uploading']);
    expect(await first.files.get('id of b')!.text()).toBe('b');
    second.tab.act('pause', ['id of a']);
    await expect.poll(second.states).toEqual(['a paused', 'b uploading']);
    expect(first.states()).toEqual(second.states());
    expect(browser.most).toBe(1);
  });

  it('and when it is closed the next goes on, with the files it gave away and the rows that were done', async () => {
    const first = browser.open();
    await first.tab.ready;
    const second = browser.open();
    await second.tab.ready;
    first.tab.add([taken('a'), taken('done')]);
    second.tab.add([taken('b')]);
    first.tab.act('retry', ['id of done']);
    await expect.poll(() => second.states().toSorted()).toEqual(['a uploading', 'b uploading', 'done arrived']);
    first.tab.close();
    await expect.poll(() => second.tab.isSender).toBe(true);
    expect(second.states().toSorted()).toEqual(['a uploading', 'b uploading', 'done arrived']);
    expect([...second.files.keys()], 'what this tab had is there again').toEqual(['id of b']);
    expect(browser.most).toBe(1);
  });

  it('and files that a closing tab did not take any more are taken by the next', async () => {
    const first = browser.open();
    await first.tab.ready;
    const [second, third] = [browser.open(), browser.open()];
    await Promise.all([second.tab.ready, third.tab.ready]);
    // Node hands a Blob to one other only, browsers to all.
    third.tab.add([{ ...taken('c'), file: { size: 1 } as Blob }]);
    // Before it could hear of it.
    first.tab.close();
    await expect.poll(third.states).toEqual(['c uploading']);
    await expect.poll(second.states).toEqual(['c uploading']);
    expect([second.tab.isSender, third.tab.isSender].filter(Boolean)).toHaveLength(1);
    expect(browser.kept.size).toBe(1);
  });
});
