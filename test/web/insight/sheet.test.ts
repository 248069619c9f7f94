import { describe, expect, it } from 'vitest';
import { figuresOf } from '../../../lambdas/insight/figures.ts';
import { noCounters } from '../../../lib/contract/heatmap.ts';
import { csvOf, daysSheet, heatSheet, mostSheet, sharesSheet, startupsSheet } from '../../../web/src/insight/sheet.ts';

const figures = figuresOf(
  {
    ...noCounters(),
    plays: 2,
    views: 2,
    watched: 100,
    startups: 2,
    startup: 3000,
    startupSteps: [1, 0, 1, 0, 0, 0],
  },
  [1, 2],
);
const lines = (sheet: Parameters<typeof csvOf>[0]) => csvOf(sheet).split('\r\n');

it('a file has a line for each day, figures as numbers and nothing where nobody told', () => {
  expect(lines(daysSheet([{ day: '2026-11-29', ...figures }]))).toEqual([
    '\u{feff}day,views,viewers,watchSeconds,completion,startupSeconds,stallRatio,failed,kbps,score',
    '"2026-11-29",2,2,100,0,1.5,0,0,,98',
    '',
  ]);
});

it('and of a heatmap one for each of its points', () => {
  expect(lines(heatSheet({ step: 2, watched: [3, 1], again: [1, 0] }))).toEqual([
    '\u{feff}second,watched,again',
    '0,3,1',
    '2,1,0',
    '',
  ]);
});

describe('no text of a file is a formula', () => {
  it.each(['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', ' =1', '\r\n=1', '＝1', '=HYPERLINK("http://x","y")'])(
    '%j',
    (title) => {
      const [, row] = csvOf(mostSheet([{ ...figures, id: 'a', title }])).split(/\r\n(?=")/);
      expect(row!.startsWith(`"'${title.replaceAll('"', '""')}","a",2,`), row).toBe(true);
    },
  );

  it('and what is none stays as it is', () => {
    const title = 'Häfen, "alt" = neu';
    expect(lines(mostSheet([{ ...figures, id: 'a', title }]))[1]).toMatch(/^"Häfen, ""alt"" = neu","a",2,/);
  });
});

it('a table says the same with units', () => {
  const said = (sheet: ReturnType<typeof daysSheet>) => sheet.rows.map((row) => row.map(([, words]) => words));
  const share = { name: 'tv', views: 1, watchSeconds: 4800, stalledSeconds: 0.4 };
  expect(said(sharesSheet('devices', 'Device', [share], () => 'Television'))).toEqual([
    ['Television', '1', '1 h 20 min', '0.4 s'],
  ]);
  expect(said(startupsSheet(figures.startups))).toEqual([
    ['up to 0.5 s', '1'],
    ['0.5 to 1 s', '0'],
    ['1 to 2 s', '1'],
    ['2 to 4 s', '0'],
    ['4 to 8 s', '0'],
    ['longer', '0'],
  ]);
  expect(startupsSheet(figuresOf(noCounters(), []).startups).rows).toEqual([]);
  expect(said(daysSheet([{ day: '2026-11-29', ...figures }]))[0]!.slice(1)).toEqual([
    '2',
    '2',
    '2 min',
    '0 %',
    '1.5 s',
    '0 %',
    '0',
    '–',
    '98',
  ]);
});
