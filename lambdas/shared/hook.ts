/**
 * Asks the entitlement hook. Whatever is not an answer as it must be, in its time, is silence, and nobody is let in by silence.
 * The question is a JWT by the keys of playback tokens: who answers checks it by our key set and holds no secret of ours.
 */
import { hash, randomUUID } from 'node:crypto';
import { SignJWT } from 'jose';
import { HOOK_AUDIENCE, HOOK_KEPT, HOOK_SECONDS, hookAnswer, type HookAnswer } from '../../lib/contract/hook.ts';
import { Connector, type ConnectOptions } from '../pull/connect.ts';
import { wholeOf } from '../pull/whole.ts';
import { decide, type EntitlementQuestion } from './entitlement.ts';
import { logger } from './logger.ts';
import type { TokenKeys } from './token-keys.ts';

/** Milliseconds from the look-up of its name to the last byte of its answer. */
const MILLISECONDS = 2000;
const MOST_BYTES = 16 * 1024;
/** Answers that are kept, of a process. */
const MOST_KEPT = 1000;

export interface HookOptions extends Omit<ConnectOptions, 'keepAlive'> {
  readonly url: string;
  /** Of this deployment: who asks. */
  readonly publicUrl: string;
  readonly keys: () => Promise<TokenKeys>;
  /** For tests only. */
  readonly milliseconds?: number;
  readonly now?: () => number;
}

export class Hook {
  readonly #options: HookOptions;
  readonly #connector: Connector;
  readonly #kept = new Map<string, { readonly answer: HookAnswer; readonly until: number }>();

  constructor(options: HookOptions) {
    this.#options = options;
    // A connection that outlived a frozen process is closed at its other end, and would be taken for silence.
    this.#connector = new Connector({ ...options, keepAlive: false });
  }

  async ask(question: EntitlementQuestion): Promise<HookAnswer | 'silent'> {
    const asked = claimsOf(question);
    const key = hash('sha256', JSON.stringify(asked), 'base64url');
    const now = this.#options.now?.() ?? Date.now();
    const kept = this.#kept.get(key);
    if (kept !== undefined && now < kept.until) return kept.answer;
    this.#kept.delete(key);
    try {
      const answer = await this.#send(await this.#signed(asked));
      this.#keep(key, answer, now);
      return answer;
    } catch (error) {
      // The words alone: an error of a certificate holds all of it.
      const { name, message } = error as Error;
      logger.warn('the entitlement hook gave no answer that counts, so nobody is let in by it', { name, message });
      return 'silent';
    }
  }

  async #signed(claims: Record<string, unknown>): Promise<string> {
    const { kid, key } = (await this.#options.keys()).current;
    return await new SignJWT(claims)
      .setProtectedHeader({ alg: 'ES256', kid })
      .setIssuer(this.#options.publicUrl)
      .setAudience(HOOK_AUDIENCE)
      .setIssuedAt()
      .setExpirationTime(`${HOOK_SECONDS}s`)
      .setJti(randomUUID())
      .sign(key);
  }

  async #send(question: string): Promise<HookAnswer> {
    const signal = AbortSignal.timeout(this.#options.milliseconds ?? MILLISECONDS);
    const answer = await this.#connector.post(this.#options.url, { type: 'application/jwt', body: question, signal });
    try {
      // A redirect is one of these: the address that is asked is the one that was configured.
      if (answer.statusCode !== 200) throw new Error(`it answered ${answer.statusCode}`);
      const text = new TextDecoder('utf-8', { fatal: true }).decode(await wholeOf(answer, MOST_BYTES, signal));
      return hookAnswer.parse(JSON.parse(text));
    } finally {
      answer.destroy();
    }
  }

  #keep(key: string, answer: HookAnswer, now: number): void {
    const seconds = Math.min(answer.cacheSeconds ?? 0, HOOK_KEPT);
    if (seconds === 0) return;
    if (this.#kept.size >= MOST_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(key, { answer, until: now + seconds * 1000 });
  }
}

/** What is asked, but for times: also what an answer is kept for. Pure. */
export function claimsOf(question: EntitlementQuestion): Record<string, unknown> {
  const { viewer, video, from } = question;
  const { id, owner, visibility, tags = [], collections = new Set(), origin } = video;
  // Which grant it is, until when and for which country is for sessions and tickets to know: what is left is an answer as it is.
  const { right: _, endsAt: __, country: ___, ...decision } = decide({ ...question, hook: undefined });
  return {
    ...(viewer && { sub: viewer.subject }),
    groups: viewer?.groups ?? [],
    video: {
      // A live channel has no id of a video, and nobody owns it.
      ...(id !== undefined && { id, owner }),
      visibility,
      tags: [...tags],
      collections: [...collections].toSorted(),
      ...(origin && { device: origin.device }),
    },
    from: {
      ...(from.ip !== undefined && { ip: from.ip }),
      ...(from.country !== undefined && { country: from.country }),
      ...(from.site !== undefined && { site: from.site }),
    },
    decision,
  };
}
