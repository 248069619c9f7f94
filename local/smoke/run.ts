/** The whole run, step by step: the same in an account and on the engine. */
import { Client } from '../client.ts';
import type { Context } from './context.ts';
import { leftovers, tagged, type Leftover } from './leftovers.ts';
import { putOnAir, type OnAir } from './live.ts';
import type { Question } from './questions.ts';
import { signIn, SignInError } from './sign-in.ts';
import { takeBack } from './taking-back.ts';
import { SmokeError, until } from './until.ts';
import { checkStorage, playByAddress, playByCookie, upload } from './vod.ts';
import type { Deployed, Where } from './where.ts';

/** An option that a function shows at once, and its other value. */
const CHANGED = { option: 'playback.tokenMinutes', minutes: 7 } as const;

export interface Media {
  /** Of the generated video. */
  readonly file: string;
  readonly ffmpegFolder: string;
}

export class Run implements Context {
  readonly where: Where;
  readonly signal: AbortSignal;
  readonly step: (line: string) => void;
  readonly progress: (line: string) => void;
  readonly answers = new Map<Question, string>();
  left: readonly Leftover[] = [];
  #deployed: Deployed | undefined;
  /** Physical ids of what the stacks held when they were destroyed. */
  readonly #held = new Set<string>();

  constructor(where: Where, signal: AbortSignal, step: (line: string) => void, progress: (line: string) => void) {
    this.where = where;
    this.signal = signal;
    this.step = step;
    this.progress = progress;
  }

  get deployed(): Deployed {
    if (this.#deployed === undefined) throw new SmokeError('nothing is deployed yet');
    return this.#deployed;
  }

  settle(question: Question, answer: string): void {
    const before = this.answers.get(question);
    this.answers.set(question, before === undefined ? answer : `${before}; ${answer}`);
  }

  /** Every step. Called off, it leaves what cannot be called off to itself. */
  async all(media: Media): Promise<void> {
    await this.#unlessStopped(this.#steps(media));
  }

  /** The last two alone, for what a run left behind. */
  async takeDown(): Promise<void> {
    await this.#unlessStopped(this.#destroy());
    await this.#lookForLeftovers();
  }

  #unlessStopped<T>(work: Promise<T>): Promise<T> {
    const { signal } = this;
    return new Promise((resolve, reject) => {
      const stop = () => reject(signal.reason as Error);
      if (signal.aborted) stop();
      signal.addEventListener('abort', stop, { once: true });
      work.then(resolve, reject).finally(() => signal.removeEventListener('abort', stop));
    });
  }

  async #steps({ file, ffmpegFolder }: Media): Promise<void> {
    await this.#deploy();
    const client = new Client(this.deployed.url, await this.#signIn());
    const id = await upload(this, client, file);
    await checkStorage(this, client);
    const address = await playByAddress(this, client, id);
    await playByCookie(this, client, id);
    await takeBack(this, client, id);
    const onAir = await putOnAir(this, client, ffmpegFolder);
    try {
      await this.#openFiles();
      await this.#deployAgain(client, id, address, onAir);
      // While it streams: a task that protects itself must not keep the stack from going.
      await this.#destroy();
    } finally {
      await onAir.close();
    }
    await this.#lookForLeftovers();
  }

  async #deploy(): Promise<void> {
    this.#deployed = await this.where.deploy({});
    const { url, devices, resources } = this.deployed;
    this.step(
      `deployed ${this.where.stacks.join(' and ')}: ${resources.size} resources, ${url}, devices at ${devices.host}:${devices.control}`,
    );
  }

  /** Answers an access token of an admin. */
  async #signIn(): Promise<string> {
    const { url } = this.deployed;
    const person = await this.where.admin(this.deployed);
    const seconds = this.where.patienceMinutes * 60;
    const anonymous = new Client(url);
    const config = await until("answer of the API's configuration", seconds, this.signal, () =>
      anonymous.call('GET /api/config'),
    );
    if ('token' in person) {
      this.step('signing in left out: a token was given');
      return person.token;
    }
    const { token, silently } = await until(
      'sign-in',
      seconds,
      this.signal,
      () => signIn(url, config, person.name, person.password),
      (error) => error instanceof SignInError,
    );
    this.step(`signed in as ${person.name} by the pages of ${new URL(config.issuer).host} (code with PKCE)`);
    const silent = await silently();
    this.settle(
      'silent',
      'token' in silent
        ? 'a new token, without a page'
        : `no: ${silent.error}. The console then asks people to sign in`,
    );
    this.step(`asked again with prompt=none: ${'token' in silent ? 'a new token' : silent.error}`);
    return token;
  }

  async #openFiles(): Promise<void> {
    const files = await until('limit in the log of the task', 60, this.signal, () =>
      this.where.openFiles(this.deployed),
    );
    this.settle('nofile', `soft ${files.soft}, hard ${files.hard}`);
    this.step(`the task may open ${files.soft} files (hard limit ${files.hard})`);
  }

  async #deployAgain(client: Client, id: string, address: string, onAir: OnAir): Promise<void> {
    const before = this.deployed;
    this.#deployed = await this.where.deploy({});
    if (this.deployed.updated !== before.updated)
      throw new SmokeError(
        `a deploy without a change updated something: ${before.updated} became ${this.deployed.updated}`,
      );
    this.step('deployed again: no changes');

    this.#deployed = await this.where.deploy({ [CHANGED.option]: String(CHANGED.minutes) });
    if (this.deployed.updated === before.updated) throw new SmokeError(`${CHANGED.option} was changed, and no stack`);
    const { expiresAt } = await client.call('POST /api/videos/{id}/tokens', { params: { id }, body: {} });
    const minutes = (Date.parse(expiresAt) - Date.now()) / 60_000;
    if (minutes > CHANGED.minutes)
      throw new SmokeError(
        `tokens last ${minutes.toFixed(1)} minutes after ${CHANGED.option} became ${CHANGED.minutes}`,
      );
    const kept = await fetch(address);
    if (kept.status !== 200)
      throw new SmokeError(`an address signed before the update was answered with ${kept.status}`);
    await onAir.check();
    this.step(
      `deployed with ${CHANGED.option}=${CHANGED.minutes}: in effect; the video's address from before still plays, and the device streams on`,
    );
  }

  async #destroy(): Promise<void> {
    const began = Date.now();
    for (const { id } of (await this.where.facts()).resources.values()) if (id !== '') this.#held.add(id);
    const guarded = this.#deployed && (await this.where.protectedTasks(this.#deployed));
    await this.where.destroy();
    const took = `${((Date.now() - began) / 1000).toFixed(0)} s`;
    if (guarded !== undefined)
      this.settle('protection', `${guarded} protected tasks; the stacks were gone after ${took}`);
    this.step(`destroyed in ${took}${guarded === undefined ? '' : `, with ${guarded} protected tasks`}`);
  }

  async #lookForLeftovers(): Promise<void> {
    this.left = await leftovers(this.where, this.#held);
    for (const { kind, name, remove } of this.left) this.step(`left: ${kind} ${name}\n             ${remove}`);
    if (this.left.length === 0) this.step('nothing is left of it');
    if (!this.where.aws) return;
    const arns = await tagged(this.where);
    for (const arn of arns) this.step(`still tagged: ${arn}`);
    if (arns.length > 0) this.step('services may name what is gone for some hours more; look again with --destroy');
    this.step(
      "the CDK's own stays for other apps: the stack CDKToolkit, its bucket of assets and its image repository",
    );
  }
}
