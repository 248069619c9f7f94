import { expect, it } from 'vitest';
import { topicOf, topicText } from '../../../lib/contract/socket.ts';

const ID = 'abcdefghij0123456789';

it.each(['alarms', `video:${ID}`, `watching:video:${ID}`, 'watching:device:13800000001'])(
  'reads %s as it is written',
  (text) => {
    expect(topicText(topicOf(text)!)).toBe(text);
  },
);

it.each([
  '',
  'video',
  'alarms:',
  'video:',
  `video:${ID}:`,
  `video:${ID}:x`,
  `video:x${ID}`,
  'video:connection/x',
  `watching:${ID}`,
  `watching:video:13800000001`,
  `watching:device:${ID}`,
  `watching:device:13800000001:1`,
  `ticket:${ID}`,
  `connection/${ID}`,
])('reads %j as none', (text) => {
  expect(topicOf(text)).toBeUndefined();
});
