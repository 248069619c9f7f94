/** The environment, read once at start through a reader that throws. Missing and malformed read differently. */

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

/** A variable that must be a number within `min`…`max` (both allowed). */
export function number(name: string, min: number, max: number, env: Env = process.env): number {
  const text = required(name, env);
  const value = Number(text);
  if (!Number.isFinite(value) || value < min || value > max) {
    throw new EnvError(
      `environment variable ${name} is ${JSON.stringify(text)}; it must be a number from ${min} to ${max}`,
    );
  }
  return value;
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
