/**
 * What is refused at the edge before its signature ends: sessions, subjects, links, videos and devices. The table of revocations
 * says what is meant; the key value store beside the function in front of media (lib/constructs/media-gate.js) is what the
 * edge reads, and one writer alone changes it (lambdas/revocation/write.ts).
 */
import { z } from 'zod';

/** First letter of a key: what the rest of it names. The function in front of media reads these very keys. */
export const REVOCABLE = { session: 's', subject: 'u', link: 'l', video: 'v', device: 'd' } as const;
export type Revocable = keyof typeof REVOCABLE;

/** As a ticket has it: session, subject and link are its parts; a video's or a device's id stands in the path. */
const id = z.string().regex(/^[A-Za-z0-9_-]{1,64}$/, 'must be a part of a ticket, or the id of a video or a device');

export const revocationKey = z.string().regex(/^[sulvd]:[A-Za-z0-9_-]{1,64}$/);
export const keyOf = (kind: Revocable, of: string): string => `${REVOCABLE[kind]}:${id.parse(of)}`;

export const revocation = z.object({
  key: revocationKey,
  /** Epoch seconds at which it was revoked. A session is refused always, of the others what began then or before. */
  at: z.int().positive(),
  /** Epoch seconds until when signatures may be out that it refuses. */
  until: z.int().positive(),
  /** Of a video that was taken out of the trash, or a device that is registered again: what is signed without a session, pictures and files, is not refused any more. */
  open: z.literal(true).optional(),
});
export type Revocation = z.infer<typeof revocation>;

/** The value in the store. */
export const valueOf = ({ at, until, open }: Revocation): string => `${at} ${until}${open === true ? ' open' : ''}`;

/** Revocations in one message: ten of them, the most of a batch, are written well within the writer's time. */
export const MOST_REVOKED = 200;

/** What the writer is told. */
export const revocationTask = z.discriminatedUnion('step', [
  z.object({ step: z.literal('write'), revocations: z.array(revocation).min(1).max(MOST_REVOKED) }),
  /** Takes out what is over, and brings in what found no room or was never written. */
  z.object({ step: z.literal('sweep') }),
]);
export type RevocationTask = z.infer<typeof revocationTask>;

/** The one group of the queue: its messages are worked on one batch after another. */
export const REVOCATION_GROUP = 'store';

/** How far taking a video down has come, on the row by which the edge refuses it. */
export const takedown = z.object({
  owner: z.string(),
  askedAt: z.iso.datetime(),
  removedAt: z.iso.datetime().optional(),
  emptiedAt: z.iso.datetime().optional(),
});
export type Takedown = z.infer<typeof takedown>;

/** A row of the table. */
export const revocationRecord = revocation.extend({
  /** ARN of the store it was written to, and when; absent while it waits. */
  store: z.string().optional(),
  writtenAt: z.iso.datetime().optional(),
  takedown: takedown.optional(),
});
export type RevocationRecord = z.infer<typeof revocationRecord>;

/** Key of the one row that is no revocation: how full the store is. */
export const STORE_ROW = 'store';
export const storeRow = z.object({
  key: z.literal(STORE_ROW),
  /** Entries and bytes as CloudFront counts them. */
  entries: z.int(),
  bytes: z.int(),
  /** Revocations that found no room. */
  waiting: z.int(),
});
export type StoreRow = z.infer<typeof storeRow>;
