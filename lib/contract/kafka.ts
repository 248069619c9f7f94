/**
 * What goes to Kafka of what players report (docs/insight.md#kafka): a record for each post of a session, and how its brokers are
 * reached. The record is for programs of others: a field is added under the same `schema`, none changes its meaning.
 */
import { z } from 'zod';
import { report, type Report } from './player-events.ts';

/** Ways to say who we are (SASL, RFC 4422); `iam` is Amazon MSK's own, by OAUTHBEARER (RFC 7628). */
export const SASL = ['none', 'plain', 'scram-sha-256', 'scram-sha-512', 'iam'] as const;
export type Sasl = (typeof SASL)[number];

/** Whether it is by a name and a password, which a secret holds. */
export const hasPassword = (sasl: Sasl): boolean => sasl !== 'none' && sasl !== 'iam';

/** Of the function that sends there. */
export const kafkaSettings = z.object({
  /** `host:port` of each of which the others are learnt. */
  brokers: z.array(z.string().min(1)).min(1),
  topic: z.string().min(1),
  tls: z.boolean(),
  sasl: z.enum(SASL),
});
export type KafkaSettings = z.infer<typeof kafkaSettings>;

/** What the secret of `kafka.secretArn` may hold; Amazon MSK's own secrets are of this form. */
export const kafkaSecret = z.object({
  username: z.string().min(1).optional(),
  password: z.string().min(1).optional(),
  /** In PEM: who signed the brokers' certificates, where that is no public authority. */
  ca: z.string().startsWith('-----BEGIN CERTIFICATE-----').optional(),
});
export type KafkaSecret = z.infer<typeof kafkaSecret>;

/** The version of the record's form. */
export const KAFKA_SCHEMA = 1;

const { what, session, began, viewer, receivedAt, country, device, units } = report.shape;
const { sequence, events } = units.element.shape;

/** The value of a record; its key is `session`. `session` and `sequence` together are what it is, however often it comes. */
export const kafkaRecord = z.object({
  schema: z.literal(KAFKA_SCHEMA),
  session,
  sequence,
  what,
  began,
  viewer,
  receivedAt,
  country,
  device,
  events,
});
export type KafkaRecord = z.infer<typeof kafkaRecord>;

/** One of each number that was reported, the lowest first. */
export const kafkaRecords = ({ units: posts, ...of }: Report): KafkaRecord[] =>
  posts
    .toSorted((a, b) => a.sequence - b.sequence)
    .map((post) => ({
      schema: KAFKA_SCHEMA,
      session: of.session,
      sequence: post.sequence,
      what: of.what,
      began: of.began,
      viewer: of.viewer,
      receivedAt: of.receivedAt,
      country: of.country,
      device: of.device,
      events: post.events,
    }));

/**
 * That somebody was erased, behind what there is of them: in each of their sessions that is known, with its key, and once with the
 * pseudonym as key. Whoever keeps records takes out those of `erased` that were taken in before `receivedAt`, whenever they come.
 */
export const kafkaErasure = z.object({
  schema: z.literal(KAFKA_SCHEMA),
  erased: z.string().min(1).max(32),
  session: session.optional(),
  receivedAt,
});
export type KafkaErasure = z.infer<typeof kafkaErasure>;

/** `before`: epoch milliseconds. */
export const erasuresOf = (viewer: string, before: number, sessions: Iterable<string>): KafkaErasure[] => [
  { schema: KAFKA_SCHEMA, erased: viewer, receivedAt: before },
  ...[...sessions].map((one) => ({ schema: KAFKA_SCHEMA, erased: viewer, session: one, receivedAt: before }) as const),
];

/** A record's key, and the group in which what becomes of it waits. */
export const kafkaKey = (of: KafkaRecord | KafkaErasure): string => of.session ?? (of as KafkaErasure).erased;
