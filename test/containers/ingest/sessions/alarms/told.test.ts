import { expect, it } from 'vitest';
import type { AlarmRule } from '../../../../../lib/contract/alarm-rules.ts';
import { inboxOf, toldNow } from '../../../../../containers/ingest/src/sessions/alarms/told.ts';

const NOW = Date.UTC(2026, 10, 4);
const sos = { kind: 'status', type: 'sos' } as const;
const all = ['inbox', 'email', 'webhook'] as const;

it('what flaps is mailed once in ten minutes, and told to everybody else each time', () => {
  expect(toldNow(all, '1', sos, NOW)).toEqual(all);
  expect(toldNow(all, '1', sos, NOW + 599_999)).toEqual(['inbox', 'webhook']);
  expect(toldNow(all, '2', sos, NOW)).toEqual(all);
  expect(toldNow(all, '1', { ...sos, type: 'collision' }, NOW)).toEqual(all);
  // It counts from the mail, not from the last report.
  expect(toldNow(all, '1', sos, NOW + 600_000)).toEqual(all);
  expect(toldNow(['webhook'], '1', sos, NOW + 600_000)).toEqual(['webhook']);
});

it('what is for people stands in the inbox, quietly where its rule says so', () => {
  const rules: AlarmRule[] = [
    { types: ['sos'], tell: ['inbox'] },
    { types: ['collision'], tell: ['webhook'], push: false },
    { tell: ['inbox'], push: false },
  ];
  const of = (type: string, phase: 'start' | 'end' = 'start') =>
    inboxOf(rules, { kind: 'status', type, phase }, { id: '1380000000a' });
  expect(of('sos')).toEqual({ inbox: 'new.a' });
  expect(of('overspeed')).toEqual({ inbox: 'new.a', quiet: true });
  expect([of('collision'), of('overspeed', 'end')]).toEqual([{}, {}]);
});
