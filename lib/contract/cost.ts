/** What slicing a video uses and costs: estimated before anything is encoded, measured while it is. */
import { z } from 'zod';
import { dollarBounds } from './options.ts';

const amount = z.number().nonnegative();

/** What is billed, in the units it is billed in. Estimates and measurements add up in it and are priced by one table. */
export const usage = z.object({
  gbSeconds: amount.meta({ description: 'Lambda: memory in GiB times billed seconds.' }),
  invocations: amount,
  transitions: amount.meta({ description: 'Of Step Functions, those of a Map’s executions included.' }),
  puts: amount.meta({ description: 'S3 requests that write or list.' }),
  gets: amount.meta({ description: 'S3 requests that read.' }),
  writes: amount.meta({ description: 'DynamoDB write units.' }),
  normalizedMinutes: amount.meta({ description: 'MediaConvert, Basic tier: minutes of output times its multipliers.' }),
});
export type Usage = z.infer<typeof usage>;

export const ENGINES = ['encode', 'mediaconvert'] as const;
export const ENGINE_CHOICES = ['auto', ...ENGINES] as const;

const dollars = z.number().nonnegative();

/** What the catalog shows of it. Dollars of list price, without taxes, free tiers and discounts. */
export const cost = z.object({
  engine: z.enum(ENGINES).meta({ description: 'What makes the segments.' }),
  estimate: dollars.meta({ description: 'US dollars of slicing, as planned before anything was encoded.' }),
  actual: dollars.nullable().meta({
    description:
      'US dollars of slicing as measured: billed time, requests and transitions. Null until ready; of a video that failed, what its finished parts took.',
  }),
  monthly: dollars.meta({
    description: 'US dollars a month of keeping source and renditions: expected, and by their size once ready.',
  }),
  priced: z.iso.date().meta({ description: 'Day of the price list.' }),
});
export type Cost = z.infer<typeof cost>;

/** What estimating needs of the configuration (JSON in `SLICING_COST`). */
export const costOptions = z.object({
  engine: z.enum(ENGINE_CHOICES).default('encode'),
  timeoutSeconds: z.int().positive().default(900),
  preset: z.string(),
  memoryMiB: z.int().positive(),
  chunkMemoryMiB: z.int().positive(),
  ...dollarBounds,
});
export type CostOptions = z.infer<typeof costOptions>;
