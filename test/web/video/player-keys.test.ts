import { describe, expect, it } from 'vitest';
import { shortcuts } from '../../../web/src/shell/shortcuts.ts';
import { actionOf, nextRate, Pictures } from '../../../web/src/video/player-keys.ts';

/** As the browser names what stands on the list. */
const named: Readonly<Record<string, string>> = {
  Space: ' ',
  '←': 'ArrowLeft',
  '→': 'ArrowRight',
  '↑': 'ArrowUp',
  '↓': 'ArrowDown',
  '0 – 9': '7',
};

describe('the player’s keys', () => {
  it('all do what the list that `?` opens says, and none is left out of it', () => {
    const listed = shortcuts.find(({ where }) => where === 'A video')!.list.flatMap(({ keys }) => keys);
    for (const key of listed) expect(actionOf(named[key] ?? key), key).toBeDefined();
    const all = [...' kjlfmc<>,.7'.split(''), 'ArrowLeft', 'ArrowRight', 'ArrowUp', 'ArrowDown'];
    for (const key of all) expect(actionOf(key), key).toBeDefined();
    expect(listed.length).toBe(all.length);
    for (const key of ['x', 'constructor', 'Enter', '/']) expect(actionOf(key)).toBeUndefined();
  });

  it('are as people know them', () => {
    expect(actionOf('>')).toEqual({ do: 'rate', by: 1 });
    expect(actionOf('<')).toEqual({ do: 'rate', by: -1 });
    expect(actionOf('.')).toEqual({ do: 'step', by: 1 });
    expect(actionOf(',')).toEqual({ do: 'step', by: -1 });
    expect(actionOf('c')).toEqual({ do: 'captions' });
  });

  it('go through the speeds and stop at their ends, whatever it plays at now', () => {
    const rates = [0.5, 1, 2];
    expect(nextRate(rates, 1, 1)).toBe(2);
    expect(nextRate(rates, 2, 1)).toBe(2);
    expect(nextRate(rates, 0.5, -1)).toBe(0.5);
    expect(nextRate(rates, 1.25, -1)).toBe(1);
    expect(nextRate(rates, 1.25, 1)).toBe(2);
  });

  it('step by the length of a picture, as it was seen, gaps and repeats aside', () => {
    const pictures = new Pictures();
    expect(pictures.length).toBe(1 / 25);
    for (const time of [10, 10 + 1 / 30, 10 + 1 / 30, 10 + 3 / 30, 40, 40 + 1 / 30]) pictures.shown(time);
    expect(pictures.length).toBeCloseTo(1 / 30, 6);
  });
});
