/** What a value given as text, `-c option=value`, means to the option it is given to. Pure. */
import { z } from 'zod';

/**
 * An option of text gets the text as it is, whatever it looks like: an account is no number and a client's id may be `1e3`.
 * Numbers, booleans, lists and objects are written as JSON. Where an option takes text or something else, it is something
 * else if it reads as such. What fits nowhere is handed on as it is, to be refused by the schema.
 */
export function valueOf(option: z.core.$ZodType, text: string): unknown {
  if (takesOnlyText(option)) return text;
  const value = json(text);
  return value !== undefined && z.safeParse(option, value).success ? value : takesText(option) ? text : (value ?? text);
}

/** Whether every value the option takes is text. */
export const takesOnlyText = (option: z.core.$ZodType): boolean => kindsOf(option).every((kind) => kind === 'text');

const takesText = (option: z.core.$ZodType): boolean => kindsOf(option).includes('text');

/** The option below its default and what else is wrapped around it. */
export function unwrapped(option: z.core.$ZodType): z.core.$ZodType {
  const def = defOf(option);
  if ('innerType' in def) return unwrapped(def.innerType);
  return option;
}

function kindsOf(option: z.core.$ZodType): ('text' | 'other')[] {
  const def = defOf(unwrapped(option));
  if (def.type === 'string' || def.type === 'template_literal') return ['text'];
  if (def.type === 'union') return def.options.flatMap(kindsOf);
  if (def.type === 'enum') return Object.values(def.entries).map(kindOf);
  if (def.type === 'literal') return def.values.map(kindOf);
  return ['other'];
}

const defOf = (option: z.core.$ZodType) => (option as unknown as { def: z.core.$ZodTypes['_zod']['def'] }).def;

const kindOf = (value: unknown) => (typeof value === 'string' ? 'text' : 'other');

function json(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}
