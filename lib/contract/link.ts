/** Links: whoever has one may watch one video, without an account, until it is over or somebody ends it. */
import { z } from 'zod';
import { keptSites, sites } from './entitlement.ts';
import { DAY_SECONDS, MINUTE_SECONDS } from './options.ts';
import { line } from './text.ts';
import { videoId } from './video.ts';

/** Links of one video that may be good at a time, or fill the edge's store: one that was used and ended does so for a while. */
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

/** Of what a link asks for. Tries are bounded (lambdas/playback/unlock.ts), so it need not be long. */
export const linkPassword = line(200).min(6, 'must have at least 6 characters');

/** Seconds that a password need not be typed again: who typed it gets a token that is good for as long, and no longer than the link. */
export const UNLOCKED_SECONDS = 720 * MINUTE_SECONDS;

/** A password as it is kept: scrypt (RFC 7914), with what it was made by. */
const kept = z.object({
  N: z.int(),
  r: z.int(),
  p: z.int(),
  /** base64url. */
  salt: z.string(),
  hash: z.string(),
});
export type KeptPassword = z.infer<typeof kept>;

export const newLink = z
  .object({
    name: line(100).optional().meta({ description: 'What it is for, such as whom it was given to.' }),
    expiresIn: z
      .int()
      .min(LINK_SECONDS.least)
      .max(LINK_SECONDS.most)
      .optional()
      .meta({ description: 'Seconds; without it the link is good until somebody ends it.' }),
    password: linkPassword.optional().meta({
      description: 'What whoever comes by the link is asked for. It is not told again, and cannot be changed.',
    }),
    sites: sites.optional().meta({
      description: 'Origins of pages, besides ours, on which it plays and its player may be embedded; default: any.',
    }),
  })
  .strict();

const common = {
  id: linkId,
  videoId,
  name: z.string().optional(),
  createdAt: z.iso.datetime(),
  createdBy: z.string().meta({ description: 'Subject of who made it.' }),
  endedAt: z.iso.datetime().optional().meta({ description: 'When somebody ended it.' }),
  sites: z.array(z.string()).optional(),
};

export const link = z.object({
  ...common,
  expiresAt: z.iso.datetime().optional(),
  hasPassword: z.boolean().meta({ description: 'Whether it asks for a password.' }),
});
export type Link = z.infer<typeof link>;

/** Row of the links table. */
export const linkRow = z.object({
  ...common,
  sites: keptSites.optional(),
  /** SHA-256 of the secret, base64url. The secret has too many bits to be tried, so nothing slow is needed. */
  secretHash: z.string(),
  password: kept.optional(),
  /** Nothing has begun by it yet, so there is nothing to refuse when it is ended. Absent of one that an earlier version made. */
  unused: z.literal(true).optional(),
  /** Wrong passwords in a row, as far as they are remembered; when the last one was tried, and until when none is: epoch seconds. */
  tries: z.int().optional(),
  triedAt: z.int().optional(),
  lockedUntil: z.int().optional(),
  /** Epoch seconds. */
  goodUntil: z.int().optional(),
  /** Epoch seconds: DynamoDB removes the row some time after. */
  expiresAt: z.int().optional(),
});
export type LinkRow = z.infer<typeof linkRow>;
