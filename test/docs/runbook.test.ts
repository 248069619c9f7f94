/** docs/runbook.md and the registry of alarms say the same: each alarm has its row and its article, and no article is of none. */
import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { ALARMS, anchorOf } from '../../lib/contract/operations.ts';
import { everyAlarmRow } from './alarms.ts';

const page = readFileSync(new URL('../../docs/runbook.md', import.meta.url), 'utf8');
/** Heading → what stands below it. */
const sections = new Map(
  page
    .split(/^## /m)
    .slice(1)
    .map((text): [string, string] => {
      const [heading = '', ...lines] = text.split('\n');
      return [heading, lines.join('\n')];
    }),
);
/** Of no alarm. */
const GENERAL = ['Dashboards and budget', 'How to look', 'Drills'];

it('has a row for each alarm, as the registry says it', () => {
  expect(page.match(/^\| \[`.*\|$/gm)).toEqual(everyAlarmRow());
});

it('has no article of an alarm that is not there', () => {
  const wanted = new Set(ALARMS.map(({ article }) => article));
  expect([...sections.keys()].filter((heading) => !GENERAL.includes(heading)).toSorted()).toEqual(
    [...wanted].toSorted(),
  );
});

describe.each([...new Set(ALARMS.map(({ article }) => article))])('%s', (article) => {
  const text = sections.get(article) ?? '';
  const own = ALARMS.filter((alarm) => alarm.article === article).map(({ id }) => id);

  it('is headed by just its alarms', () => {
    const head = text.split('**Means.**')[0]!;
    expect([...head.matchAll(/`([^`]+)`/g)].map((match) => match[1])).toEqual(expect.arrayContaining(own));
    expect(head.match(/`/g)).toHaveLength(own.length * 2);
  });

  it('says what it means, how to look, how to mend it, and how to make it ring', () => {
    expect(text.match(/^\*\*(Means|Look|Mend|Drill)\.\*\*/gm)).toEqual([
      '**Means.**',
      '**Look.**',
      '**Mend.**',
      '**Drill.**',
    ]);
  });

  it('is where a link to it leads', () => {
    // GitHub: lower case, spaces to hyphens, nothing else in a heading of ours.
    expect(article).toMatch(/^[A-Za-z0-9 ]+$/);
    expect(anchorOf({ article })).toMatch(/^[a-z0-9-]+$/);
  });
});
