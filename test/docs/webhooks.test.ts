/** What docs/webhooks.md says of each type of event, against the schemas of what is sent. */
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import type { z } from 'zod';
import { alarmFile } from '../../lib/contract/device.ts';
import { deviceEvent, videoEvent } from '../../lib/contract/events.ts';
import { failure } from '../../lib/contract/video.ts';
import { TEST_TYPE, WEBHOOK_TYPES } from '../../lib/contract/webhook.ts';

const page = readFileSync(new URL('../../docs/webhooks.md', import.meta.url), 'utf8');
const named = (text: string): string[] => [...text.matchAll(/`([^`]+)`/g)].map(([, name]) => name!);

/** Types of a row, and what it names of their `data`. */
const rows = page
  .split('\n')
  .filter((line) => /^\| `(?:video|device|webhook)\./.test(line))
  .map((line) => {
    const [types = '', , data = ''] = line.split(' | ');
    return { types: named(types), fields: named(data) };
  });

const video = videoEvent.omit({ status: true, at: true }).shape;
const device = deviceEvent.omit({ type: true, at: true, task: true, tell: true }).shape;
const keys = (...shapes: object[]) => shapes.flatMap((shape) => Object.keys(shape));
const KNOWN = {
  video: [...keys(video, failure.shape), ...videoEvent.shape.status.options],
  device: keys(device, device.alarm.unwrap().shape, alarmFile.shape),
};
const always = (shape: Record<string, z.ZodType>) =>
  Object.keys(shape).filter((name) => !shape[name]!.safeParse(undefined).success);

it('says every type once', () => {
  expect(rows.flatMap(({ types }) => types).toSorted()).toEqual([...WEBHOOK_TYPES, TEST_TYPE].toSorted());
});

it.each([
  ['video', video],
  ['device', device],
] as const)('of a %s names what comes, and nothing else', (kind, shape) => {
  const of = rows.filter(({ types }) => types.some((type) => type.startsWith(`${kind}.`)));
  for (const { fields } of of) {
    expect(KNOWN[kind]).toEqual(expect.arrayContaining(fields));
    expect(fields).toEqual(expect.arrayContaining(always(shape)));
  }
  const all = of.flatMap(({ fields }) => fields);
  expect(all).toEqual(expect.arrayContaining(Object.keys(shape)));
  if (kind === 'video') expect(all).toEqual(expect.arrayContaining(Object.keys(failure.shape)));
});
