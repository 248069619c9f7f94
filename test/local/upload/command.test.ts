import { describe, expect, it } from 'vitest';
import { progressLine } from '../../../local/upload/board.ts';
import { listed, parseCommand } from '../../../local/upload/command.ts';

describe('the command line', () => {
  it('has defaults, and takes what the environment says', () => {
    expect(parseCommand(['a.mp4'], {})).toEqual({
      sources: ['a.mp4'],
      lists: [],
      url: 'http://127.0.0.1:8080',
      files: 2,
      parts: 4,
      visibility: 'private',
      wait: false,
      again: false,
    });
    const env = { SLUICE_URL: 'https://video.example.com/', SLUICE_TOKEN: 't' };
    expect(parseCommand(['a.mp4'], env)).toMatchObject({ url: 'https://video.example.com', token: 't' });
    expect(parseCommand(['a.mp4', '--user', 'ada'], env)).not.toHaveProperty('token');
    expect(parseCommand(['--help'], {})).toBeUndefined();
  });

  it.each([
    [[], 'Name a file'],
    [['a', '--nope'], '--nope'],
    [['a', '--files', '21'], '--files: 21'],
    [['a', '--parts', '1.5'], '--parts: 1.5'],
    [['a', '--visibility', 'secret'], '--visibility: secret'],
    [['a', '--url', 'video.example.com'], '--url: video.example.com'],
    [['a', '--url', 'http://video.example.com'], 'must be https'],
    [['a', '--url', 'http://127.0.0.1.evil.example'], 'must be https'],
    [['a', '--url', 'https://u:p@video.example.com'], '--url'],
    [['a', '--user', 'ada', '--token', 't'], 'exclude'],
  ])('%j: %s', (args, reason) => expect(() => parseCommand(args, {})).toThrow(reason));

  it('reads lists', () =>
    expect(listed('\uFEFF a.mp4\r\n#b\n\n  https://x/y #z \n')).toEqual(['a.mp4', 'https://x/y #z']));
});

describe('the bar', () => {
  const of = { done: 0, total: 0, rate: 0, finished: 0, count: 1, underWay: [] };
  it.each([
    [of, '[------------------------] 0 %  0 B of 0 B  0 B/s'],
    [
      { done: 1.2e9, total: 2.4e9, rate: 12e6, finished: 3, count: 12, underWay: ['a.mp4', 'b.mp4'] },
      '3/12 files  [############------------] 50 %  1.2 GB of 2.4 GB  12.0 MB/s 2 min left  a.mp4 and 1 more',
    ],
    [
      { ...of, done: 5, total: 4, rate: 1, underWay: ['a'] },
      '[########################] 100 %  5 B of 4 B  1 B/s 0 s left  a',
    ],
  ])('%j', (progress, line) => expect(progressLine(progress)).toBe(line));
});
