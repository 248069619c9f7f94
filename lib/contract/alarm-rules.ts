/** Who is told of an alarm: rules of the configuration, of which the first that fits decides. Pure. */
import { z } from 'zod';
import { emergencyNames } from './alarms.ts';
import { alarmRecord, type AlarmRecord, type DeviceRecord } from './device.ts';

/** `inbox`: people in the console, counted on every screen. `email`: the addresses of `alarms.emails`. `webhook`: `device.alarm`. */
export const tell = z.enum(['inbox', 'email', 'webhook']);
export type Tell = z.infer<typeof tell>;

const some = <T extends z.ZodType>(of: T) => z.array(of).min(1).max(10).optional();

export const alarmRule = z.strictObject({
  kinds: some(alarmRecord.shape.kind),
  types: some(z.string().regex(/^[a-z0-9-]{1,40}$/)),
  tags: some(z.string().min(1).max(50)),
  minLevel: z.int().min(1).max(255).optional(),
  tell: z.array(tell).max(3),
  /** False: what is for the inbox waits there, and nobody is told as it comes. */
  push: z.boolean().optional(),
});
export type AlarmRule = z.infer<typeof alarmRule>;
export const alarmRules = z.array(alarmRule).max(12);

/** Pictures that somebody or a clock asked for, and what devices report of no danger. */
const NO_ALARMS = ['snapshot', 'command', 'timer', 'distance', 'driver-change', 'road-sign'];

export const DEFAULT_RULES: AlarmRule[] = [
  { types: NO_ALARMS, tell: ['webhook'] },
  { types: [...emergencyNames], tell: ['inbox', 'email', 'webhook'] },
  { tell: ['inbox', 'webhook'] },
];

type Alarm = Pick<AlarmRecord, 'kind' | 'type' | 'level' | 'phase'>;
type Tagged = Pick<DeviceRecord, 'tags'>;

/** Who is told of it. That it ends only servers of others are: of people it closes what began. */
export function tellsOf(rules: readonly AlarmRule[], alarm: Alarm, device: Tagged): readonly Tell[] {
  const told = ruleOf(rules, alarm, device)?.tell ?? [];
  return alarm.phase === 'end' ? told.filter((one) => one === 'webhook') : told;
}

/** Whether it only waits to be looked at: no console is told of it as it comes, and no wall speaks of it. */
export const isQuiet = (rules: readonly AlarmRule[], alarm: Alarm, device: Tagged): boolean =>
  ruleOf(rules, alarm, device)?.push === false;

const ruleOf = (rules: readonly AlarmRule[], alarm: Alarm, device: Tagged): AlarmRule | undefined =>
  rules.find((rule) => fits(rule, alarm, device));

const fits = ({ kinds, types, tags, minLevel }: AlarmRule, { kind, type, level }: Alarm, device: Tagged): boolean =>
  (kinds?.includes(kind) ?? true) &&
  (types?.includes(type) ?? true) &&
  (tags?.some((tag) => device.tags?.includes(tag) === true) ?? true) &&
  (level ?? 0) >= (minLevel ?? 0);
