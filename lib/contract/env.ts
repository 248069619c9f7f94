/** The environment, read once at start through a reader that throws. Missing and malformed read differently. */
import type { z } from 'zod';

export class EnvError extends Error {
  override name = 'EnvError';
}

type Env = Readonly<Record<string, string | undefined>>;

/** A variable that must be set and not empty. */
export function required(name: string, env: Env = process.env): string {
  const value = env[name];
  if (value === undefined || value === '') throw new EnvError(`environment variable ${name} is missing`);
  return value;
}

/** A variable that must be a number which `bounds` accepts, such as those of options.ts. */
export const number = <T extends number>(name: string, bounds: z.ZodType<T>, env: Env = process.env): T =>
  within(name, required(name, env), Number, bounds);

/** A variable that must be one of the words which `words` accepts. */
export const word = <T extends string>(name: string, words: z.ZodType<T>, env: Env = process.env): T =>
  within(name, required(name, env), String, words);

function within<T>(name: string, text: string, read: (text: string) => unknown, bounds: z.ZodType<T>): T {
  const { success, data, error } = bounds.safeParse(read(text));
  if (success) return data;
  const reasons = error.issues.map(({ message }) => message).join('; ');
  throw new EnvError(`environment variable ${name} is ${JSON.stringify(text)}: ${reasons}`);
}

/** A variable that must hold JSON which `schema` accepts. */
export function json<T>(name: string, schema: { parse(value: unknown): T }, env: Env = process.env): T {
  const text = required(name, env);
  try {
    return schema.parse(JSON.parse(text));
  } catch (cause) {
    throw new EnvError(`environment variable ${name} does not hold the JSON expected of it`, { cause });
  }
}
