/** Odd files as people make, upload and watch them: made, sliced by the steps of a run, and played in Chromium. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { chromium } from 'playwright-core';
import { base, seconds, type OddFile } from '../odd-files/making.ts';
import { BROWSER } from '../support/browser.ts';
import { beepsOf, faults } from './hold.ts';
import { play, type Player } from './play.ts';
import { serveSliced } from './serve.ts';
import { startSlicer } from './slice.ts';

export interface Held {
  /** How it was sliced, or that it was refused. */
  readonly how: string;
  /** What is wrong with it, by player; `file` where it did not come to be played. */
  readonly wrong: Readonly<Partial<Record<Player | 'file', readonly string[]>>>;
  /** Played wrong once, and then not. */
  readonly again: readonly Player[];
}

export interface Matrix {
  hold(file: OddFile, players: readonly Player[]): Promise<Held>;
  close(): Promise<void>;
}

/** Seconds that what is heard may be beside the element's clock on this machine; more of it, and nothing can be told. */
const MOST_LATENCY = 0.3;

export async function openMatrix(): Promise<Matrix> {
  const slicer = await startSlicer();
  const served = await serveSliced(slicer);
  const browser = await chromium.launch(BROWSER);
  const close = async () => {
    await browser.close();
    served.close();
    await slicer.close();
  };

  /** How late a sound is against the element's clock: of a plain file, which the browser plays by itself. */
  async function measureLatency(): Promise<number> {
    const times = seconds(4);
    const manifest = await inFolder(async (at) =>
      served.addFile('reference.mp4', await readFile(await base(at)), 'video/mp4'),
    );
    const plain = { player: 'native', manifest, expected: { seconds: 4, both: times } } as const;
    const found = beepsOf(await play(browser, served.url, plain), 0).map(({ at }) => at);
    const late = found.map((time) => time - Math.round(time)).toSorted((a, b) => a - b);
    const latency = late[Math.floor(late.length / 2)] ?? Number.NaN;
    if (found.length !== times.length || !(Math.abs(latency) < MOST_LATENCY))
      throw new Error(`this browser is not heard here: beeps of a plain file at ${found.join(', ') || 'no time'}`);
    return latency;
  }

  let latency: number;
  try {
    // Once more: a machine that is busy drops what is to be heard.
    latency = await measureLatency().catch(measureLatency);
  } catch (error) {
    await close();
    throw error;
  }

  async function hold({ name, make, expected, segmentType }: OddFile, players: readonly Player[]): Promise<Held> {
    const sliced = await inFolder(async (at) => {
      await make(at);
      return slicer.slice(at(name), segmentType);
    });
    if ('code' in sliced || 'refused' in expected) {
      const said = 'code' in sliced ? `${sliced.code}: ${sliced.reason}` : `sliced (${sliced.how})`;
      const right =
        'code' in sliced &&
        'refused' in expected &&
        sliced.code === expected.refused &&
        expected.says.test(sliced.reason);
      return { how: 'code' in sliced ? 'refused' : sliced.how, wrong: right ? {} : { file: [said] }, again: [] };
    }
    const manifest = served.add(sliced.record);
    const watch = async (player: Player) =>
      faults(expected, await play(browser, served.url, { player, manifest, expected }), latency);
    const once = await Promise.all(players.map(async (player) => ({ player, found: await watch(player) })));
    const wrong: Partial<Record<Player, string[]>> = {};
    const again: Player[] = [];
    // Once more, alone: a machine that is busy drops what is to be seen.
    for (const { player, found } of once) {
      if (found.length === 0) continue;
      const second = await watch(player);
      if (second.length === 0) again.push(player);
      else wrong[player] = second;
    }
    return { how: sliced.how, wrong, again };
  }

  return { hold, close };
}

/** Works in a folder of its own, which is removed. */
async function inFolder<T>(work: (at: (name: string) => string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-matrix-'));
  try {
    return await work((name) => join(folder, name));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}
