import { describe, expect, it } from 'vitest';
import { globMatch, invalidationMatches, pathPatternMatches } from '../../../local/edge/glob.ts';
import { parseTarget, TargetError } from '../../../local/edge/target.ts';

describe('globMatch', () => {
  it.each([
    ['*', '', true],
    ['', '', true],
    ['', 'a', false],
    ['a*c', 'abbc', true],
    ['a*c', 'abbd', false],
    ['a*b*c', 'a-b-b-c', true],
    ['*.m4s', 'a.m4s.m4s', true],
    ['a?c', 'ac', false],
    ['a?c', 'a?c', true],
    ['a.c', 'abc', false],
    ['[a]', 'a', false],
    ['A', 'a', false],
    ['***', 'x', true],
  ])('%j on %j: %s', (pattern, text, expected) => {
    expect(globMatch(pattern, text)).toBe(expected);
  });

  it('cannot be made slow', () => {
    const started = performance.now();
    expect(globMatch(`${'*a'.repeat(500)}b`, 'a'.repeat(8000))).toBe(false);
    expect(performance.now() - started).toBeLessThan(10_000);
  });
});

it('path patterns and invalidation paths may lack their slash; only a last * is a wildcard in the latter', () => {
  expect(pathPatternMatches('vod/*', '/vod/a/b')).toBe(true);
  expect(pathPatternMatches('*.js', '/a/b.js')).toBe(true);
  expect(invalidationMatches('vod/*', '/vod/a/b?x')).toBe(true);
  expect(invalidationMatches('/vod', '/vod/a')).toBe(false);
  expect(invalidationMatches('/v*d', '/vod')).toBe(false);
});

describe('parseTarget', () => {
  it.each([
    ['/a/./b/../c', '/a/c', '/a/c'],
    ['/../../a', '/a', '/a'],
    ['/a/..', '/', '/'],
    ['/a/.', '/a/', '/a/'],
    ['/%7Ea/%41', '/~a/A', '/%7Ea/%41'],
    ['/a%2Fb', '/a%2Fb', '/a%2Fb'],
    ['/a%2e%2e/b', '/a../b', '/a%2e%2e/b'],
    ['//a', '//a', '//a'],
    ['http://h/a', '/a', '/a'],
    ['http://h', '/', '/'],
  ])('%s is %s', (target, path, rawPath) => {
    expect(parseTarget(target)).toEqual({ path, rawPath, query: [] });
  });

  it('keeps the query as written', () => {
    expect(parseTarget('/a?b=%20&c&&d=e=f?').query).toEqual([
      { name: 'b', raw: 'b=%20' },
      { name: 'c', raw: 'c' },
      { name: 'd', raw: 'd=e=f?' },
    ]);
  });

  it.each(['*', 'a', '/a b', '/a#b', '/a\\b', '/ä', '/%', '/%4', '/%zz', '/%00', '/<a>', ''.padEnd(3, '\t')])(
    'refuses %j',
    (target) => {
      expect(() => parseTarget(target)).toThrow(TargetError);
    },
  );
});
