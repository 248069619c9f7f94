/** Who is told of an alarm. */
import { describe, expect, it } from 'vitest';
import { alarmRules, DEFAULT_RULES, isQuiet, tellsOf, type AlarmRule } from '../../../lib/contract/alarm-rules.ts';

const alarm = { kind: 'adas', type: 'forward-collision', phase: 'event' } as const;
const sos = { kind: 'status', type: 'sos', phase: 'start' } as const;

describe('as they are', () => {
  it.each([
    ['an emergency', sos, ['inbox', 'email', 'webhook']],
    ['its end', { ...sos, phase: 'end' }, ['webhook']],
    ['what a driver does', { ...alarm, kind: 'dsm', type: 'phone' }, ['inbox', 'webhook']],
    ['a picture that was asked for', { ...alarm, kind: 'multimedia', type: 'command' }, ['webhook']],
  ] as const)('%s: %j is told to %j', (_, one, told) => {
    expect(tellsOf(DEFAULT_RULES, one, {})).toEqual(told);
    expect(alarmRules.safeParse(DEFAULT_RULES).success).toBe(true);
  });
});

describe('of the configuration', () => {
  it.each<[string, AlarmRule, object, object, boolean]>([
    ['a kind', { kinds: ['dsm'], tell: ['email'] }, { kind: 'dsm' }, {}, true],
    ['another kind', { kinds: ['dsm'], tell: ['email'] }, { kind: 'adas' }, {}, false],
    ['a type', { types: ['phone', 'fatigue'], tell: ['email'] }, { type: 'fatigue' }, {}, true],
    ['another type', { types: ['phone'], tell: ['email'] }, { type: 'fatigue' }, {}, false],
    ['a level', { minLevel: 2, tell: ['email'] }, { level: 2 }, {}, true],
    ['a lower level', { minLevel: 2, tell: ['email'] }, { level: 1 }, {}, false],
    ['one without a level', { minLevel: 1, tell: ['email'] }, {}, {}, false],
    ['a tag', { tags: ['north', 'cash'], tell: ['email'] }, {}, { tags: ['cash'] }, true],
    ['other tags', { tags: ['north'], tell: ['email'] }, {}, { tags: ['south'] }, false],
    ['no tag', { tags: ['north'], tell: ['email'] }, {}, {}, false],
    ['all of it', { kinds: ['dsm'], minLevel: 2, tell: ['email'] }, { kind: 'dsm', level: 1 }, {}, false],
  ])('%s: a rule %j fits %j of %j: %s', (_, rule, fields, device, fits) => {
    expect(tellsOf([rule], { ...alarm, ...fields }, device)).toEqual(fits ? ['email'] : []);
  });

  it('the first that fits decides, also that nobody is told', () => {
    const rules: AlarmRule[] = [{ tags: ['test'], tell: [] }, { tell: ['inbox'] }];
    expect(tellsOf(rules, alarm, { tags: ['test'] })).toEqual([]);
    expect(tellsOf(rules, alarm, {})).toEqual(['inbox']);
    expect(tellsOf([], sos, {})).toEqual([]);
  });

  it('all are pushed, but for what the rule that fits first keeps quiet', () => {
    const rules: AlarmRule[] = [
      { types: ['sos'], tell: ['inbox'], push: true },
      { tell: ['inbox'], push: false },
    ];
    expect(alarmRules.safeParse(rules).success).toBe(true);
    expect([sos, alarm].map((one) => isQuiet(rules, one, {}))).toEqual([false, true]);
    expect([sos, alarm].map((one) => isQuiet(DEFAULT_RULES, one, {}))).toEqual([false, false]);
    expect(isQuiet([], alarm, {})).toBe(false);
    expect(tellsOf(rules, alarm, {})).toEqual(['inbox']);
  });
});
