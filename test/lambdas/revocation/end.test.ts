/** Ending what plays by a right that was taken back, against the engine: those and no others, however many, and tried again. */
import { ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, GetCommand, PutCommand, QueryCommand, ScanCommand } from '@aws-sdk/lib-dynamodb';
import { randomBytes } from 'node:crypto';
import { afterAll, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { Start } from '../../../lambdas/shared/sessions.ts';
import type { Ending, Taken } from '../../../lib/contract/ending.ts';
import { grantRight, keyRight, viewerRight } from '../../../lib/contract/right.ts';
import { parseTicket } from '../../../lib/contract/ticket.ts';
import { startHandlerEngine } from '../engine.ts';
import { record } from '../playback/fixture.ts';

let close: () => Promise<void>;
let sessions: typeof import('../../../lambdas/shared/sessions.ts');
let handler: typeof import('../../../lambdas/revocation/end.ts').handler;
let table: DynamoDBDocumentClient;
let id: string;
let other: string;
let count = 0;
beforeAll(async () => {
  close = await startHandlerEngine({});
  sessions = await import('../../../lambdas/shared/sessions.ts');
  ({ handler } = await import('../../../lambdas/revocation/end.ts'));
  table = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
}, 120_000);
afterAll(() => close());
beforeEach(() => {
  count += 1;
  [id, other] = [`v${String(count).padStart(19, '0')}`, `w${String(count).padStart(19, '0')}`];
});

const person = (name: string) => ({
  subject: `${name} ${count}`,
  part: `${name}-${count}`.padEnd(11, '_').slice(0, 11),
});
const begin = async (over: Partial<Start> = {}) =>
  parseTicket(
    await sessions.startSession({
      what: `vod/${id}`,
      until: new Date(Date.now() + 3_600_000),
      reason: 'grant',
      player: randomBytes(8).toString('hex'),
      ...over,
    }),
  )!.session;
const revoked = async (session: string): Promise<boolean> => {
  const row = { TableName: process.env['REVOCATIONS_TABLE'], Key: { key: `s:${session}` } };
  const { Item } = await table.send(new GetCommand(row));
  if (Item !== undefined) expect(Number(Item['until'])).toBeGreaterThan(Date.now() / 1000 + 3600);
  return Item !== undefined;
};
const end = async (taken: Taken, isAgain = false) => {
  const Records = [{ messageId: 'm', body: JSON.stringify({ taken, isAgain }) }];
  expect(await handler({ Records } as never, {} as never)).toEqual({ batchItemFailures: [] });
};
/** An index is a moment behind its table: asked again, as the second look is, until it shows them. */
const ends = async (taken: Taken, expected: readonly string[], spared: readonly string[] = []) => {
  await vi.waitFor(
    async () => {
      await end(taken, true);
      expect(await Promise.all(expected.map(revoked))).toEqual(expected.map(() => true));
    },
    { timeout: 30_000, interval: 100 },
  );
  expect(await Promise.all(spared.map(revoked))).toEqual(spared.map(() => false));
};
const on = (resource: string, subject: string) =>
  grantRight({ videoId: resource.replace('video:', ''), subject: subject === 'sam' ? 'sam' : `\n${subject}` });

it('ends what began by a grant, a key or being a viewer, and nothing of any other right', async () => {
  const grant = on(`video:${id}`, 'sam');
  const by = async (right: string | undefined, over: Partial<Start> = {}) => begin({ right, ...over });
  const wide = on(`video:${id}`, 'everyone');
  const [one, two, third] = [await by(grant), await by(grant, { cap: 3, person: person('sam') }), await by(wide)];
  const [key, viewer] = [await by(keyRight(`k${count}`)), await by(viewerRight('139', `vera${count}`))];
  const owner = await by(undefined, { reason: 'owner' });
  await ends({ of: 'rights', rights: [grant] }, [one, two], [third, key, viewer, owner]);
  await ends(
    { of: 'rights', rights: [keyRight(`k${count}`), viewerRight('139', `vera${count}`)] },
    [key, viewer],
    [third, owner],
  );
});

it('lets who has another right begin again under the same name, as another session', async () => {
  const mine = { player: 'mine'.padEnd(16, '0'), person: person('sam') };
  for (const cap of [undefined, 2]) {
    const grant = on(`tag:t${cap}`, `group:g${count}`);
    const first = await begin({ ...mine, right: grant, ...(cap && { cap }) });
    // As long as the right is there, it goes on.
    expect(await begin({ ...mine, right: grant, ...(cap && { cap }) })).toBe(first);
    await ends({ of: 'rights', rights: [grant] }, [first]);
    const next = await begin({ ...mine, reason: 'public', ...(cap && { cap }) });
    expect(next).not.toBe(first);
    expect(await revoked(next)).toBe(false);
    await ends({ of: 'videos', videos: [id], reasons: ['public'], from: [] }, [next]);
  }
});

it('does not end one that goes on by another right by then', async () => {
  const mine = { player: 'mine'.padEnd(16, '0') };
  for (const more of [{}, { cap: 2, person: person('sam') }]) {
    const [grant, wide] = [on(`video:${id}`, 'group:a'), on(`video:${id}`, 'group:b')];
    const session = await begin({ ...mine, ...more, right: grant });
    expect(await begin({ ...mine, ...more, right: wide })).toBe(session);
    const sure = await begin({ right: grant });
    await ends({ of: 'rights', rights: [grant] }, [sure], [session]);
    expect(await begin({ ...mine, ...more, reason: 'owner' })).toBe(session);
    const last = await begin({ right: wide });
    await ends({ of: 'rights', rights: [wide] }, [last], [session]);
  }
});

it('of videos ends what was let in for a reason that is gone, or by where they are no more', async () => {
  const [shelf, around] = ['collection:aaaaaaaaaaaa-bbbbbbbbbbbb', 'collection:aaaaaaaaaaaa'];
  const inside = await begin({ right: on(shelf, 'everyone') });
  const above = await begin({ right: on(around, 'everyone') });
  const direct = await begin({ right: on(`video:${id}`, 'everyone') });
  const open = await begin({ reason: 'public' });
  const owner = await begin({ reason: 'owner' });
  const elsewhere = await begin({ what: `vod/${other}`, right: on(shelf, 'everyone') });
  await ends(
    { of: 'videos', videos: [id], reasons: [], from: [shelf, around] },
    [inside, above],
    [direct, open, owner, elsewhere],
  );
  await ends(
    { of: 'videos', videos: [id], reasons: ['public', 'grant'], from: [] },
    [direct, open],
    [owner, elsewhere],
  );
});

it('by a denial ends what those it may name watch of it, but for owners and admins, and links where it is everyone', async () => {
  const device = `139${String(count).padStart(8, '0')}`;
  const origin = { kind: 'incident', device, channel: 1 } as const;
  await table.send(
    new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record({ id, tags: [`t${count}`] }) }),
  );
  await table.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record({ id: other, origin }) }));
  const [sam, tim] = [person('sam'), person('tim')];
  const of = (over: Partial<Start> = {}) => begin({ person: sam, reason: 'public', ...over });
  const denied = (resource: string, subject: string, among?: string[]): Taken => ({
    of: 'denied',
    resource,
    subject,
    ...(among && { among }),
  });

  const [mine, theirs, nobodys] = [await of(), await of({ person: tim }), await of({ person: undefined })];
  const spared = [await of({ reason: 'admin' }), await of({ reason: 'owner', person: tim })];
  const linked = await of({ reason: 'link', link: 'l', person: undefined });
  await ends(denied(`video:${id}`, `person:${sam.subject}`), [mine], [theirs, nobodys, linked, ...spared]);
  await ends(denied(`tag:t${count}`, 'group:crew', [other]), [], [theirs]);
  await ends(denied(`tag:t${count}`, 'group:crew', [id]), [theirs], [nobodys, linked, ...spared]);
  const elsewhere = await of({ what: `vod/${other}` });
  await ends(denied(`tag:t${count}`, 'everyone'), [nobodys, linked], [elsewhere, ...spared]);
  const live = await of({ what: `live/${device}/1` });
  const further = await of({ what: 'live/139999/1' });
  await ends(denied(`device:${device}`, `person:${sam.subject}`), [elsewhere, live], [further, ...spared]);
});

it('by a nearer grant with limits ends what whom it names watch by one that is farther, and nothing else', async () => {
  const tag = `tag:t${count}`;
  const device = `138${String(count).padStart(8, '0')}`;
  await table.send(
    new PutCommand({
      TableName: process.env['VIDEOS_TABLE'],
      Item: record({ id, tags: [`t${count}`], origin: { kind: 'clip', device, channel: 1 } }),
    }),
  );
  const [sam, tim] = [person('sam'), person('tim')];
  const to = ({ subject }: { subject: string }) => `person:${subject}`;
  const by = (resource: string, subject: string, over: Partial<Start> = {}) =>
    begin({ person: sam, right: `${resource}\n${subject}`, ...over });
  const nearer = (resource: string, subject: string): Taken => ({ of: 'nearer', resource, subject });

  const wide = await by(`video:${id}`, 'everyone');
  const theirs = await by(`video:${id}`, 'everyone', { person: tim });
  const nobodys = await by(`video:${id}`, 'everyone', { person: undefined });
  const [own, open] = [await by(`video:${id}`, to(sam)), await begin({ person: sam, reason: 'public' })];
  const [key, linked] = [
    await begin({ person: sam, reason: 'key', right: 'key:k' }),
    await begin({ reason: 'link', link: 'l' }),
  ];
  await ends(nearer(tag, to(sam)), [wide], [theirs, nobodys, own, open, key, linked]);
  // On a farther resource of the same subject, or another one as near, it gives nothing.
  await ends(nearer(tag, 'everyone'), [], [theirs, nobodys]);
  const onTag = await by(tag, 'everyone', { person: undefined });
  await ends(nearer(`video:${id}`, 'everyone'), [onTag], [theirs, nobodys]);
  // Of a group nobody knows here who is in it: all who signed in.
  await ends(nearer(tag, 'group:crew'), [theirs], [nobodys, own]);
  // Being a viewer of the device is as near as a grant on it.
  const viewer = await by(`device:${device}`, `viewer:${tim.subject}`, { person: tim });
  const live = await by(`device:${device}`, `viewer:${tim.subject}`, { person: tim, what: `live/${device}/1` });
  await ends(nearer(tag, to(tim)), [], [viewer, live]);
  await ends(nearer(`device:${device}`, to(tim)), [viewer, live], [nobodys, own]);
});

it('looks again when nothing can be under way any more, and only once', async () => {
  const sqs = new SQSClient({});
  const sent = vi.spyOn(SQSClient.prototype, 'send');
  const delays = () =>
    sent.mock.calls.flatMap(([{ input }]) => {
      const { QueueUrl, MessageBody, DelaySeconds } = input as Record<string, string>;
      return QueueUrl === process.env['ENDING_QUEUE'] && MessageBody ? [[JSON.parse(MessageBody), DelaySeconds]] : [];
    });
  const taken: Taken = { of: 'rights', rights: [keyRight(`k${count}`)] };
  await end(taken);
  expect(delays()).toEqual([[{ taken, isAgain: true }, 65]]);
  await end(taken, true);
  expect(delays()).toHaveLength(1);
  sent.mockRestore();
  const QueueUrl = process.env['ENDING_QUEUE']!;
  expect((await sqs.send(new ReceiveMessageCommand({ QueueUrl }))).Messages ?? []).toEqual([]);
});

describe('where a look takes no more than a page of twenty', () => {
  const HALF_A_DAY = 43_200_000;
  /** Each look in turn, until there is nothing to come but the second time. Answers their messages. */
  async function looks(taken: Taken): Promise<Ending[]> {
    const { dynamo } = await import('../../../lambdas/shared/clients.ts');
    const send = dynamo.send.bind(dynamo) as (command: unknown) => Promise<unknown>;
    const clock = Date.now.bind(Date);
    let ahead = 0;
    vi.spyOn(Date, 'now').mockImplementation(() => clock() + ahead);
    vi.spyOn(dynamo, 'send').mockImplementation(((command: unknown) => {
      if (command instanceof QueryCommand || command instanceof ScanCommand) {
        command.input.Limit = 20;
        ahead += 46_000;
      }
      return send(command);
    }) as never);
    const sent = vi.spyOn(SQSClient.prototype, 'send');
    const messages: Ending[] = [{ taken, isAgain: false }];
    try {
      for (let next: Ending | undefined = messages[0]; next?.isAgain === false && messages.length < 100;) {
        const before = sent.mock.calls.length;
        const Records = [{ messageId: 'm', body: JSON.stringify(next) }];
        expect(await handler({ Records } as never, {} as never)).toEqual({ batchItemFailures: [] });
        const told = sent.mock.calls.slice(before).map(([{ input }]) => input as Record<string, string>);
        const { MessageBody } = told.find(({ QueueUrl }) => QueueUrl === process.env['ENDING_QUEUE'])!;
        next = JSON.parse(MessageBody!) as Ending;
        messages.push(next);
      }
      return messages;
    } finally {
      vi.restoreAllMocks();
    }
  }
  const many = (length: number, over: Partial<Start>, now = Date.now()) =>
    Promise.all(
      Array.from({ length }, async () => {
        const start = { what: `vod/${id}`, until: new Date(now + HALF_A_DAY), reason: 'public', ...over };
        return parseTicket(await sessions.startSession(start, now))!.session;
      }),
    );
  /** None of them looks at what another has. */
  const expectOnwards = (messages: readonly Ending[], least: number, taken: Taken) => {
    expect(messages.at(-1)).toEqual({ taken, isAgain: true });
    const places = messages.slice(0, -1).map(({ from }) => JSON.stringify(from));
    expect(places.length).toBeGreaterThanOrEqual(least);
    expect(new Set(places).size).toBe(places.length);
  };

  it('gets to the oldest of a busy video, and to the next video', async () => {
    const vic = person('vic');
    const oldest = await many(1, { person: vic }, Date.now() - 5000);
    const spared = [...(await many(70, {})), ...(await many(30, { what: `vod/${other}` }))];
    const taken: Taken = { of: 'denied', resource: 'tag:t', subject: `person:${vic.subject}`, among: [other, id] };
    expectOnwards(await looks(taken), 6, taken);
    expect(await revoked(oldest[0]!)).toBe(true);
    expect(await Promise.all(spared.map(revoked))).toEqual(spared.map(() => false));
  });

  it('gets to the end of all there are, for a denial on a tag', async () => {
    const vic = person('vic');
    const Item = record({ id, tags: [`t${count}`] });
    await table.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item }));
    const spared = await many(70, {});
    const meant = await many(30, { person: vic });
    const taken: Taken = { of: 'denied', resource: `tag:t${count}`, subject: `person:${vic.subject}` };
    expectOnwards(await looks(taken), 5, taken);
    expect(await Promise.all(meant.map(revoked))).toEqual(meant.map(() => true));
    expect(await Promise.all(spared.map(revoked))).toEqual(spared.map(() => false));
  });

  it('gets to the last of several rights', async () => {
    const rights = ['a', 'b', 'c'].map((name) => keyRight(`k${count}${name}`));
    const meant = (await Promise.all(rights.map((right) => many(25, { right, reason: 'key' })))).flat();
    const taken: Taken = { of: 'rights', rights };
    expectOnwards(await looks(taken), 5, taken);
    expect(await Promise.all(meant.map(revoked))).toEqual(meant.map(() => true));
  });
});

it('ends a thousand of one grant, each once in the writer\u2019s messages of two hundred at most', async () => {
  const grant = on(`collection:${String(count).padStart(12, '0')}`, 'everyone');
  const begun: string[] = [];
  for (let n = 0; n < 1000; n += 50)
    begun.push(...(await Promise.all(Array.from({ length: 50 }, () => begin({ right: grant })))));
  const started = performance.now();
  await ends({ of: 'rights', rights: [grant] }, begun);
  const took = (performance.now() - started) / 1000;
  console.log(`1,000 sessions of one grant ended in ${took.toFixed(1)} s on this machine's engine`);
}, 120_000);
