import { expect, it } from 'vitest';
import { countries } from '../../../lib/contract/country.ts';

it.each([{ only: ['DE'] }, { only: ['DE', 'AT', 'XK'] }, { except: ['US'] }, { only: ['DE', 'AT'], except: ['AT'] }])(
  '%j is taken as it is',
  (value) => {
    expect(countries.parse(value)).toEqual(value);
  },
);

it.each([
  ['DE'],
  [['DE']],
  [{}],
  [{ only: undefined }],
  [{ only: [] }],
  [{ only: ['de'] }],
  [{ only: ['DEU'] }],
  [{ only: ['UK'] }],
  [{ only: ['ZZ'] }],
  [{ except: 'US' }],
  [{ only: ['DE'], more: 1 }],
  [{ only: Array.from({ length: 261 }, () => 'DE') }],
])('%j is refused', (value) => {
  expect(countries.safeParse(value).success).toBe(false);
});

it('knows each country that this machine has a name for, and none more', () => {
  const names = new Intl.DisplayNames('en', { type: 'region', fallback: 'none' });
  const letters = Array.from({ length: 26 }, (_, index) => String.fromCodePoint(65 + index));
  const codes = letters.flatMap((first) => letters.map((second) => first + second));
  const known = codes.filter((code) => countries.safeParse({ only: [code] }).success);
  expect(known).toHaveLength(250);
  for (const code of known) expect([code, names.of(code)]).not.toEqual([code, undefined]);
});
