/**
 * The keys of playback, made and turned here and nowhere else: as a custom resource at a deploy, every day by a rule, and when
 * an operator invokes it. Private halves never leave this function but for Secrets Manager; CloudFront gets the public ones.
 * Whatever it was called for, it makes the key group what the secret says, so a run that broke off is finished by the next.
 */
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { z } from 'zod';
import { number, required } from '../../lib/contract/env.ts';
import { playbackBounds } from '../../lib/contract/options.ts';
import { signingSecret, type Ring, type SigningSecret } from '../../lib/contract/signing.ts';
import { customResource, CustomResourceError } from '../shared/custom-resource.ts';
import { logger } from '../shared/logger.ts';
import { KeyGroup } from './key-group.ts';
import { DamagedSecretError, makeKey, makeSecret, makeTokenKey, readSecret } from './key-pair.ts';
import { idsOf, iso, isDue, knownFrom, LIVES, reportOf, roomFrom, swept, turn } from './key-ring.ts';

const client = new SecretsManagerClient({});
const SecretId = required('SIGNING_SECRET');
const group = new KeyGroup(required('KEY_GROUP'));
const keyDays = number('KEY_DAYS', playbackBounds.keyDays);

/** What an operator may ask for; the daily rule asks for nothing. */
const command = z.strictObject({
  /** `next`: the next keys sign from now on, and what the last ones signed stays good. `lost`: all keys are new, and nothing does. */
  rotate: z.enum(['next', 'lost']).optional(),
});
type Command = z.infer<typeof command>;

/** Create and Update alike keep the keys that are there: a retried Create must not orphan one in use. */
const resource = customResource('sluice-signing-key', async ({ RequestType }) => {
  if (RequestType === 'Delete') {
    await group.remove();
    return {};
  }
  const { KeyGroupId } = await settle({}, secondsNow()).catch((error: unknown) => {
    throw error instanceof DamagedSecretError ? new CustomResourceError(error.message) : error;
  });
  return { KeyGroupId };
});

export async function handler(event: unknown, context?: Parameters<typeof resource>[1]): Promise<unknown> {
  if (typeof event === 'object' && event !== null && 'RequestType' in event) return await resource(event, context);
  const { report } = await settle(command.parse(event), secondsNow());
  logger.info('playback keys', report);
  return report;
}

const secondsNow = (): number => Math.floor(Date.now() / 1000);

/** Turns what is due or asked for; then CloudFront and the secret agree. */
async function settle(asked: Command, now: number) {
  const written = await currentValue();
  const held = readSecret(written, now) ?? makeSecret(now);
  const { secret: turned, refused } = asked.rotate === 'lost' ? { secret: makeSecret(now) } : rotated(held, asked, now);
  const there = (await group.find())?.items ?? [];
  const secret: SigningSecret = {
    ...turned,
    media: swept(await known(turned.media, there, now), now),
    tokens: swept(turned.tokens, now),
  };
  // In one order, so that what has not changed is not written.
  const text = JSON.stringify(signingSecret.parse(secret));
  if (text !== written) await client.send(new PutSecretValueCommand({ SecretId, SecretString: text }));
  const items = idsOf(secret.media);
  const KeyGroupId = await group.hold(items);
  await group.sweep(
    there.filter((id) => !items.includes(id)),
    items,
    now,
  );
  return { KeyGroupId, report: { ...reportOf(secret), ...(refused !== undefined && { refused }) } };
}

/** Both rings turn together where that is asked for, else each when it is due. */
function rotated(held: SigningSecret, { rotate }: Command, now: number) {
  const room = roomFrom(held.media, now);
  const from = Math.max(knownFrom(held.media), knownFrom(held.tokens), room);
  const may = (ring: Ring) => now >= knownFrom(ring) && now >= room;
  if (rotate === 'next' && now < from)
    return {
      secret: held,
      refused: `The next keys are not known everywhere, or the last ones still needed, before ${iso(from)}; ask again then.`,
    };
  const turns = (ring: Ring) => may(ring) && (rotate === 'next' || isDue(ring, keyDays, now));
  const media = turns(held.media) ? turn(held.media, makeKey(now), LIVES.media, now) : held.media;
  const tokens = turns(held.tokens) ? turn(held.tokens, makeTokenKey(now), LIVES.tokens, now) : held.tokens;
  if (media === held.media) return { secret: { ...held, tokens } };
  // Versions before rings cannot go on from here.
  const { privateKey: _, publicKey: __, ...secret } = held;
  return { secret: { ...secret, media, tokens } };
}

/** The ring with CloudFront's ids; `next` is known from when it is in the group. */
async function known(ring: Ring, there: readonly string[], now: number): Promise<Ring> {
  const named = async <T extends Ring['current']>(key: T): Promise<T> =>
    key.id === '' ? { ...key, id: await group.ensureKey(key.publicKey) } : key;
  const [current, next] = [await named(ring.current), await named(ring.next)];
  return { ...ring, current, next: there.includes(next.id) ? next : { ...next, since: now } };
}

/** Undefined when the secret has no value yet. */
async function currentValue(): Promise<string | undefined> {
  try {
    return (await client.send(new GetSecretValueCommand({ SecretId }))).SecretString;
  } catch (error) {
    if (error instanceof ResourceNotFoundException) return undefined;
    throw error;
  }
}
