import { describe, expect, it } from 'vitest';
import { labelsOf, readLabel, readLanguage } from '../../../lambdas/shared/language.ts';

describe('a language', () => {
  it.each([
    ['ger', 'de'],
    ['deu', 'de'],
    ['eng', 'en'],
    ['pt-br', 'pt-BR'],
    ['zh-hant', 'zh-Hant'],
    ['gsw', 'gsw'],
  ])('%s is %s', (word, tag) => expect(readLanguage(word)).toBe(tag));

  it.each([
    'und',
    'mul',
    'zxx',
    'mis',
    '',
    'x',
    'german',
    'de"',
    'de\n',
    'de-',
    '{$',
    7,
    undefined,
    `de${'-a1'.repeat(20)}`,
  ])('%j is none', (word) => expect(readLanguage(word)).toBeUndefined());
});

describe('a label', () => {
  it('is what a quoted string takes', () => {
    expect(readLabel(' Regie "live"\r\n#EXT {$auth} ')).toBe('Regie ’live’ #EXT {auth}');
    expect(readLabel('{{$$auth}')).not.toContain('{$');
    expect(readLabel('x'.repeat(1000))).toHaveLength(100);
    expect(readLabel(' \n ')).toBeUndefined();
    expect(readLabel(undefined)).toBeUndefined();
  });

  it('is the title, else the language as it calls itself, else a number; and no two are alike', () => {
    const of = [{ language: 'fr' }, { language: 'fr' }, {}, { title: 'Regie', language: 'de' }, { title: 'Regie' }];
    expect(labelsOf(of)).toEqual(['Français', 'Français 2', 'Track 3', 'Regie', 'Regie 2']);
    expect(labelsOf([{}, { language: 'qaa' }])).toEqual(['main', 'Track 2']);
  });
});
