/** What is typed for a thing of the log of changes. */
import { expect, it } from 'vitest';
import { thingOf } from '../../../web/src/changes/thing.ts';

it.each([
  ['', ''],
  [' video:abc ', 'video:abc'],
  ['tag:v/x', 'tag:v/x'],
  ['https://videos.example/v/abcdefghij0123456789?tab=access#x', 'video:abcdefghij0123456789'],
  ['http://localhost:8080/d/13800000001', 'device:13800000001'],
  ['https://videos.example/collections/abcdefghijkl', 'collection:abcdefghijkl'],
  ['https://videos.example/v/', 'https://videos.example/v/'],
])('%j is %j', (text, thing) => {
  expect(thingOf(text)).toBe(thing);
});
