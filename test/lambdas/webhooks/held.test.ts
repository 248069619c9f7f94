/** A webhook to which nothing gets through, on the engine and over real sockets: what waits for it, and that others do not wait with it. */
import { afterAll, afterEach, beforeAll, beforeEach, expect, it } from 'vitest';
import { isTooMuch } from '../../../lambdas/webhooks/held.ts';
import { changeWebhook, noteAttempt, readWebhook } from '../../../lambdas/webhooks/rows.ts';
import { MOST_WAITING, PROBES, TRIES, type Delivery, type WebhookRow } from '../../../lib/contract/webhook.ts';
import { event, Hooks } from './hooks.ts';

let hooks: Hooks;
/** What the server answers to one of them; the other is always well. */
let status: number;
let down: string;

beforeAll(async () => {
  hooks = await Hooks.start();
});
afterAll(() => hooks.close());
beforeEach(async () => {
  await hooks.fresh();
  status = 500;
  hooks.answer = (response, { url }) => void response.writeHead(url === '/down' ? status : 204).end();
  ({ id: down } = await hooks.made({ url: `${hooks.server.url}/down` }));
  await hooks.made({ url: `${hooks.server.url}/well` });
  // Nothing has got through for longer than a minute.
  await changeWebhook(down, { failing: new Date(Date.now() - 61_000).toISOString() });
});
afterEach(() => hooks.clear());

const row = async (): Promise<WebhookRow> => (await readWebhook(down))!;
const tell = (ids: readonly string[]) => hooks.work(ids.map((id) => [event(id), 'none']));
const comes = (task: object) => hooks.work([[JSON.stringify(task), 'none']]);
/** The task comes that says when one is tried. */
const wake = async () => comes({ webhook: down, wake: (await row()).held!.at });
const cameTo = (path: string) =>
  hooks.came.filter((one) => one.path === path).map(({ headers }) => headers['webhook-id']);
const came = () => cameTo('/down');
async function all(): Promise<Delivery[]> {
  const found: Delivery[] = [];
  let cursor: string | null | undefined;
  while (cursor !== null) {
    const page = await hooks.deliveries(down, { limit: '100', ...(cursor !== undefined && { cursor }) });
    found.push(...page.deliveries);
    ({ cursor } = page);
  }
  return found;
}
const states = async () => (await all()).map(({ state }) => state);

it('has one of what waits tried at a time, and takes nothing from others', async () => {
  await tell(['a']);
  await hooks.drain();
  expect(came()).toHaveLength(1);
  await tell(['b', 'c', 'd']);
  await hooks.drain();
  // Told again, it is the message that waits already.
  await tell(['b', 'c']);
  await hooks.drain();
  // The others were told of all four.
  expect(cameTo('/well')).toHaveLength(4);
  expect(came()).toHaveLength(1);
  expect(await hooks.shown(down)).toMatchObject({ waiting: 4 });
  expect(await states()).toEqual(['waiting', 'waiting', 'waiting', 'waiting']);
  // Nor does any of it wait in the queue.
  expect(await hooks.hidden()).toBe(0);
  // Each time another one: whichever is refused for what it says holds up no other.
  const first = (await row()).held!;
  for (let n = 0; n < 4; n += 1) await wake();
  const [, ...tried] = came();
  expect(new Set(tried).size).toBe(4);
  const { held } = await row();
  expect([held?.tries, held?.last]).toEqual([4, tried.at(-1)]);
  expect(Date.parse(held!.at) - Date.parse(first.at)).toBeGreaterThan(PROBES[4] * 1000 - PROBES[0] * 1000);
  // What names another time is of a task that was sent twice.
  expect(await comes({ webhook: down, wake: first.at })).toEqual([]);
  expect(came()).toHaveLength(5);
});

it('is told all that waited once something gets through, each once', async () => {
  const events = Array.from({ length: 130 }, (_, n) => `e${n}`);
  await tell(['a']);
  await hooks.drain();
  await tell(events);
  await hooks.drain();
  expect(came()).toHaveLength(1);
  status = 200;
  await wake();
  await hooks.drain();
  expect(came()).toHaveLength(1 + 1 + events.length);
  expect(new Set(came()).size).toBe(1 + events.length);
  expect(new Set(await states())).toEqual(new Set(['delivered']));
  const { held, waitsFrom, waiting, failing } = await row();
  expect([held, waitsFrom, waiting, failing]).toEqual([undefined, undefined, undefined, undefined]);
  await tell(['z']);
  await hooks.drain();
  expect(came()).toHaveLength(1 + 1 + events.length + 1);
});

it('has what is in the queue wait, too, and what is to be tried again later', async () => {
  await tell(['a', 'b']);
  // The messages stay behind in another queue: they come when this test says so.
  await hooks.fresh();
  const [b, a] = (await all()) as [Delivery, Delivery];
  const attempt = { at: new Date().toISOString(), ms: 1, status: 500 };
  await noteAttempt({ kind: down, id: a.id }, attempt, 'waiting', new Date(Date.now() + 600_000).toISOString());
  await tell(['d']);
  hooks.answer = (response) => void response.writeHead(500).end();
  await hooks.drain();
  expect(came()).toHaveLength(1);
  for (const { id: delivery } of [b, a]) expect(await comes({ webhook: down, delivery })).toEqual([]);
  expect(came()).toHaveLength(1);
  const { waitsFrom, waiting } = await row();
  expect([waitsFrom, waiting]).toEqual([a.id, 3]);
  expect(await states()).toEqual(['waiting', 'waiting', 'waiting']);
  expect((await all()).filter(({ nextAt }) => nextAt !== undefined)).toEqual([]);
});

it('keeps as many as may wait, and counts what comes beyond', async () => {
  await tell(['a']);
  await hooks.drain();
  await changeWebhook(down, { waiting: MOST_WAITING });
  await tell(['b', 'c']);
  await hooks.drain();
  expect(await states()).toEqual(['waiting']);
  expect(await hooks.shown(down)).toMatchObject({ waiting: MOST_WAITING, missed: 2 });
});

it('is tried when a person asks, which says that all is well', async () => {
  await tell(['a', 'b']);
  await hooks.drain();
  await hooks.call('POST /api/webhooks/{webhook}/test', { params: { webhook: down } });
  status = 204;
  await hooks.drain();
  expect(await states()).toEqual(['delivered', 'delivered', 'delivered']);
});

it.each([
  ['turned on anew, is told what waits', { enabled: true }, 'delivered'],
  ['turned off, is told nothing of what waits', { enabled: false }, 'failed'],
])('that is %s', async (_, body, state) => {
  await tell(['a']);
  await hooks.drain();
  await tell(['b']);
  status = 204;
  await hooks.call('PATCH /api/webhooks/{webhook}', { params: { webhook: down }, body });
  await hooks.drain();
  expect(await states()).toEqual([state, state]);
  expect((await row()).waitsFrom).toBeUndefined();
});

it('keeps of a message that is tried for long the first tries and the latest, and one more try', async () => {
  await tell(['a']);
  await hooks.drain();
  for (let n = 0; n < TRIES + 2; n += 1) await wake();
  const [one] = await all();
  expect(came()).toHaveLength(1 + TRIES + 2);
  expect(one!.attempts).toHaveLength(TRIES - 1);
  expect(await states()).toEqual(['waiting']);
});

it.each<[string, Partial<WebhookRow>, boolean]>([
  ['is well', {}, false],
  ['fails for less than a minute, as who starts anew does', { failing: new Date(1).toISOString() }, false],
  ['fails for a minute', { failing: new Date(0).toISOString() }, true],
  ['is held already', { failing: new Date(0).toISOString(), held: { at: '', tries: 0 } }, false],
])('one that %s', (_, webhook, expected) => {
  expect(isTooMuch(webhook as WebhookRow, 60_000)).toBe(expected);
});
