import { expect, it } from 'vitest';
import { hasWords, termsAsked, termsOf, wordsIn } from '../../../lambdas/catalog/words.ts';
import { aRecord } from './record.ts';

it.each([
  ['Colour-Bars_2.MP4', ['colour', 'bars', '2', 'mp', '4']],
  ['Größe, café!', ['große', 'cafe']],
  ['彩条 测试 v2', ['彩', '条', '测', '试', 'v', '2']],
  ['ﬁle №５', ['file', 'no', '5']],
  ['… -- 🎬', []],
])('%j has the words %j', (text, words) => {
  expect(wordsIn(text)).toEqual(words);
});

const bars = aRecord({
  title: 'Test card',
  filename: 'colour-bars_1080p.mp4',
  tags: ['Broadcast'],
  description: 'For lining up monitors',
});

it.each([
  ['colour bars', true],
  ['bars colour', true],
  ['colo', true],
  ['1080', true],
  ['1080p', true],
  ['card monitors broad', true],
  ['card monit', false],
  ['fo', false],
  ['bars colours', false],
  ['ars', false],
  ['colour tape', false],
  ['', true],
  [' ', true],
  ['🎬', false],
  ['%', false],
  ['"', false],
  ['… --', false],
  // Beside a word it says nothing.
  ['🎬 colour', true],
])('of what is typed %j finds colour-bars: %s', (q, isFound) => {
  expect(hasWords(bars, q)).toBe(isFound);
  // Whatever the record matches is under all terms that are looked up, or it would be missed.
  if (isFound) expect([...termsOf(bars)]).toEqual(expect.arrayContaining(termsAsked({ q, isTrash: false })));
});

it('has a term for each filter, and asks for few words, the longest, of which a beginning is looked up', () => {
  const one = aRecord({
    tags: ['Sea side'],
    visibility: 'public',
    status: 'failed',
    trashedAt: '2026-01-01T00:00:00Z',
  });
  const terms = termsAsked({
    q: 'a bb ccc dddd eeeee broadcasting',
    tag: 'Sea side',
    visibility: 'public',
    status: 'failed',
    isTrash: true,
  });
  expect(terms.slice(0, 5)).toEqual(['broadcas', 'eeeee', 'dddd', 'ccc', 'bb']);
  expect([...termsOf(one)]).toEqual(expect.arrayContaining(terms.slice(5)));
  expect(terms.slice(5)).toHaveLength(4);
  expect(termsAsked({ isTrash: false })).toEqual([]);
});

it('is bounded, however much is said of a video, and what stands first is found', () => {
  const words = Array.from(
    { length: 900 },
    (_, i) => `w${String.fromCodePoint(97 + (i % 26), 97 + Math.floor(i / 26))}xxxxxxx`,
  );
  const long = aRecord({ title: 'First', description: words.join(' '), filename: `${'y'.repeat(1000)}.mp4` });
  expect(termsOf(long).size).toBeLessThan(230);
  expect(hasWords(long, `first ${words[0]!} ${'y'.repeat(1000)}`)).toBe(true);
  expect(hasWords(long, words.at(-1)!)).toBe(false);
  // A title and tags of as many: the first are found by how they begin.
  const named = aRecord({ title: words.slice(0, 20).join(' '), tags: words.slice(20, 300), filename: 'a.mp4' });
  expect([0, 39, 40, 199].map((n) => hasWords(named, words[n]!.slice(0, 3)))).toEqual([true, true, false, false]);
  expect([40, 199, 200].map((n) => hasWords(named, words[n]!))).toEqual([true, true, false]);
  expect(termsOf(named).size - named.tags.length).toBeLessThan(40 * 8 + 160 + 5);
  for (const term of termsOf(aRecord({ title: '𝒳𐐀𐐀𐐀𐐀𐐀𐐀𐐀𐐀𐐀' }))) expect(term.isWellFormed()).toBe(true);
});
