import { expect, it } from 'vitest';
import { MOST_DAYS } from '../../../lib/contract/insight.ts';
import { daysOf } from '../../../lambdas/insight/days.ts';
import { chosenOf, daysBetween, usual } from '../../../web/src/insight/range.ts';
import { countryName, percent, seconds } from '../../../web/src/insight/words.ts';

const NOW = Date.parse('2026-03-01T00:30:00Z');
const chosen = (search: string) => chosenOf(new URLSearchParams(search), NOW);

it.each([
  ['', 28, '2026-02-02', '2026-03-01'],
  ['days=7', 7, '2026-02-23', '2026-03-01'],
  ['days=92', 92, '2025-11-30', '2026-03-01'],
  ['days=9999', 28, '2026-02-02', '2026-03-01'],
  ['from=2026-01-01&to=2026-01-31', 'own', '2026-01-01', '2026-01-31'],
])('%j is of %s days, from %s to %s', (search, choice, from, to) =>
  expect(chosen(search)).toEqual({ choice, from, to }),
);

it('asks without an address for what the API has without one', () => {
  const days = daysOf(undefined, undefined, NOW);
  expect(usual(NOW)).toEqual({ from: days[0], to: days.at(-1) });
});

it.each([
  ['from=2026-01-01', 'Choose a first and a last day.'],
  ['from=x&to=2026-01-01', 'Choose a first and a last day.'],
  ['from=2026-02-30&to=2026-03-01', 'Choose a first and a last day.'],
  ['from=2026-01-02&to=2026-01-01', 'The first day is after the last one.'],
  ['from=2025-01-01&to=2026-01-01', `Choose ${MOST_DAYS} days at most.`],
])('says what is wrong with %j', (search, problem) => expect(chosen(search).problem).toBe(problem));

it('asks nothing that the API refuses, and all that it answers', () => {
  const of = (from: string, to: string) => chosen(new URLSearchParams({ from, to }).toString());
  const widest = of('2025-11-30', '2026-03-01');
  expect(widest.problem).toBeUndefined();
  expect(daysBetween(widest)).toEqual(daysOf(widest.from, widest.to, NOW));
  const wider = of('2025-11-29', '2026-03-01');
  expect(wider.problem).toBeDefined();
  expect(() => daysOf(wider.from, wider.to, NOW)).toThrow('is more than 92 days before the last one');
});

it('says parts, seconds and countries as a person reads them', () => {
  expect([0, 0.004, 0.0994, 0.0996, 0.87, 1].map(percent)).toEqual(['0 %', '0.4 %', '9.9 %', '10 %', '87 %', '100 %']);
  expect([0.5, 0.854, 9.94, 12.3].map(seconds)).toEqual(['0.5 s', '0.85 s', '9.94 s', '12 s']);
  expect(['ZZ', '=1', 'DE'].map(countryName)).toEqual(['Unknown', 'Unknown', 'Germany']);
});
