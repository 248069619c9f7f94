import type { PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { beforeEach, expect, it } from 'vitest';
import { DeviceEvents } from '../../../../containers/ingest/src/cloud/events.ts';

/** What the bus says of each entry of the next calls: a code, or that it took it; or that the call failed. */
let answers: (readonly (string | undefined)[] | Error)[];
let sent: string[][];
let failures: string[];
let events: DeviceEvents;

const publish = (last: string) => events.publish({ type: 'online', device: `1380013800${last}` });

beforeEach(() => {
  [answers, sent, failures] = [[], [], []];
  const send = async ({ input }: PutEventsCommand) => {
    sent.push(input.Entries!.map(({ Detail }) => (JSON.parse(Detail!) as { device: string }).device.at(-1)!));
    const answer = answers.shift() ?? [];
    if (answer instanceof Error) throw answer;
    const Entries = input.Entries!.map((_, i) => (answer[i] === undefined ? {} : { ErrorCode: answer[i] }));
    return { FailedEntryCount: answer.filter(Boolean).length, Entries };
  };
  events = new DeviceEvents(
    { send },
    {
      bus: 'default',
      task: 't',
      of: 'devices',
      failed: (error) => failures.push((error as Error).message),
      dropped: () => failures.push('dropped'),
    },
  );
  for (const last of ['1', '2', '3']) publish(last);
});

it('sends again what the bus had no time for, and says so', async () => {
  answers = [[undefined, 'ThrottlingException', undefined]];
  await events.flush();
  await events.flush();
  await events.flush();
  expect(sent).toEqual([['1', '2', '3'], ['2']]);
  expect(failures).toEqual(['the bus refused 1 events: ThrottlingException']);
});

it('does not send again what the bus will never take: it would go round for ever', async () => {
  answers = [['MalformedDetail', undefined, 'InternalFailure']];
  await events.flush();
  await events.flush();
  expect(sent).toEqual([['1', '2', '3'], ['3']]);
});

it('sends everything again after a call that failed, the oldest first', async () => {
  answers = [new Error('the network')];
  await events.flush();
  publish('4');
  await events.flush();
  expect(sent).toEqual([
    ['1', '2', '3'],
    ['1', '2', '3', '4'],
  ]);
  expect(failures).toEqual(['the network']);
});

it('says of what it was asked to that the bus has it, once it has, and not of what it will never take or has lost', async () => {
  const taken: string[] = [];
  const follow = (name: string, device: string) =>
    events.publish({ type: 'alarm', device: `1380013800${device}` }, { name, taken: () => taken.push(name) });
  follow('a', '4');
  follow('b', '5');
  follow('c', '6');
  answers = [
    [undefined, undefined, undefined, 'ThrottlingException', undefined, 'MalformedDetail'],
    new Error('the network'),
  ];
  await events.flush();
  expect([taken, ['a', 'b', 'c'].map((name) => events.has(name))]).toEqual([['b'], [true, false, false]]);
  await events.flush();
  expect([taken, events.has('a')]).toEqual([['b'], true]);
  await events.flush();
  expect([taken, events.has('a')]).toEqual([['b', 'a'], false]);
  follow('d', '7');
  for (let i = 0; i < 2000; i += 1) publish('9');
  expect([taken, events.has('d')]).toEqual([['b', 'a'], false]);
});

it('keeps no more than fit, whatever fails: the oldest are lost', async () => {
  answers = [new Error('the network')];
  const flushing = events.flush();
  for (let i = 0; i < 2000; i += 1) publish('9');
  await flushing;
  expect(failures.filter((one) => one === 'dropped')).toHaveLength(3);
});
