/** When a screen of the console has come to rest: by the browser's own list of long tasks, on a slower processor. */
import type { Browser, BrowserContext } from 'playwright-core';
import { signIn } from '../../local/sign-in.ts';

export interface Settled {
  /** ms from the beginning of the navigation to the end of the last long task before the quiet. */
  readonly rest: number;
  /** How many tasks were longer than 50 ms, the longest of them, and ms beyond 50 of all together. */
  readonly tasks: number;
  readonly longest: number;
  readonly blocked: number;
}

interface Task {
  /** ms since the navigation began. */
  readonly start: number;
  readonly duration: number;
}

/** ms without a long task after which a screen is at rest, and that it is waited for at most. */
const QUIET = 5_000;
const PATIENCE = 90_000;
/** ms up to which a task is none that anybody notices (W3C Long Tasks). */
const LONG = 50;

/** What the last of the tasks says. Pure. */
export function settledBy(tasks: readonly Task[]): Settled {
  const durations = tasks.map(({ duration }) => duration);
  return {
    rest: Math.max(0, ...tasks.map(({ start, duration }) => start + duration)),
    tasks: tasks.length,
    longest: Math.max(0, ...durations),
    blocked: durations.reduce((sum, duration) => sum + Math.max(0, duration - LONG), 0),
  };
}

/** Whether, of these tasks, the last was over `QUIET` ago. Pure. */
export const isQuiet = (tasks: readonly Task[], now: number): boolean => now - settledBy(tasks).rest >= QUIET;

/** What a tab keeps of who is signed in. */
export type Session = Readonly<Record<string, string>>;

/** Signs in once, so that each measurement begins with a new profile and without the sign-in's own pages. */
export async function sessionOf(browser: Browser, url: string, name: string): Promise<Session> {
  const context = await browser.newContext();
  try {
    const page = await context.newPage();
    await signIn(page, url, name);
    return await page.evaluate(() => {
      const { sessionStorage } = globalThis as unknown as { sessionStorage: Record<string, string> };
      return { ...sessionStorage };
    });
  } finally {
    await context.close();
  }
}

/** Opens `path` in a new profile, with nothing cached, on a processor `slower` times slower than this one. */
export async function settle(
  browser: Browser,
  { url, path, session, slower }: { url: string; path: string; session: Session; slower: number },
): Promise<Settled> {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 } });
  try {
    return await measure(context, url + path, session, slower);
  } finally {
    await context.close();
  }
}

async function measure(context: BrowserContext, address: string, session: Session, slower: number): Promise<Settled> {
  await context.addInitScript((entries) => {
    const scope = globalThis as unknown as {
      sessionStorage: { setItem: (key: string, value: string) => void };
      tasks: { start: number; duration: number }[];
    };
    for (const [key, value] of Object.entries(entries)) scope.sessionStorage.setItem(key, value);
    scope.tasks = [];
    new PerformanceObserver((list) => {
      for (const { startTime, duration } of list.getEntries()) scope.tasks.push({ start: startTime, duration });
    }).observe({ type: 'longtask', buffered: true });
  }, session);
  const page = await context.newPage();
  const protocol = await context.newCDPSession(page);
  await protocol.send('Emulation.setCPUThrottlingRate', { rate: slower });
  await page.goto(address, { waitUntil: 'commit' });
  for (const deadline = Date.now() + PATIENCE; ;) {
    await page.waitForTimeout(500);
    const { tasks, now } = await page.evaluate(() => {
      const { tasks: all } = globalThis as unknown as { tasks: { start: number; duration: number }[] };
      return { tasks: all, now: performance.now() };
    });
    // What does not come to rest at all is told by the time it was waited for.
    if (isQuiet(tasks, now) || Date.now() > deadline) return settledBy(tasks);
  }
}
