/** Links: whoever has one may watch one video, without an account, until it is over or somebody ends it. */
import { z } from 'zod';
import { DAY_SECONDS, MINUTE_SECONDS } from './options.ts';
import { line } from './text.ts';
import { videoId } from './video.ts';

/** Links of one video that may be good at a time. */
export const MAX_LINKS = 100;

/** Seconds: from minutes to years. */
export const LINK_SECONDS = { least: 5 * MINUTE_SECONDS, most: 3653 * DAY_SECONDS } as const;

/** Seconds a link that is over is still known by, so that its page can say so. */
export const LINK_REMEMBERED = 365 * DAY_SECONDS;

/** It stands in tickets, and so in the addresses of what it opens: it opens nothing by itself. */
export const linkId = z
  .string()
  .regex(/^[A-Za-z0-9]{16}$/)
  .meta({ description: 'Id of a link.' });

/** What is handed out: the id, and 32 letters and digits that nobody can guess, over 190 bits. */
const TOKEN = /^([A-Za-z0-9]{16})\.([A-Za-z0-9]{32})$/;

/** Undefined: it is no link's token. A JWT has two dots. */
export function parseLinkToken(token: string): { readonly id: string; readonly secret: string } | undefined {
  const [, id, secret] = TOKEN.exec(token) ?? [];
  return id === undefined || secret === undefined ? undefined : { id, secret };
}

export const newLink = z
  .object({
    name: line(100).optional().meta({ description: 'What it is for, such as whom it was given to.' }),
    expiresIn: z
      .int()
      .min(LINK_SECONDS.least)
      .max(LINK_SECONDS.most)
      .optional()
      .meta({ description: 'Seconds; without it the link is good until somebody ends it.' }),
  })
  .strict();

const common = {
  id: linkId,
  videoId,
  name: z.string().optional(),
  createdAt: z.iso.datetime(),
  createdBy: z.string().meta({ description: 'Subject of who made it.' }),
  endedAt: z.iso.datetime().optional().meta({ description: 'When somebody ended it.' }),
};

export const link = z.object({ ...common, expiresAt: z.iso.datetime().optional() });
export type Link = z.infer<typeof link>;

/** Row of the links table. */
export const linkRow = z.object({
  ...common,
  /** SHA-256 of the secret, base64url. The secret has too many bits to be tried, so nothing slow is needed. */
  secretHash: z.string(),
  /** Epoch seconds. */
  goodUntil: z.int().optional(),
  /** Epoch seconds: DynamoDB removes the row some time after. */
  expiresAt: z.int().optional(),
});
export type LinkRow = z.infer<typeof linkRow>;
