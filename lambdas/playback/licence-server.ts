/**
 * A DRM provider's licence servers, asked in our name: what a player's module says is passed on as it is, with the provider's own
 * authorisation, which no player gets to see. One try, within a time and a size: a player asks again by itself.
 */
import type { IncomingMessage } from 'node:http';
import {
  CERTIFICATE_SECONDS,
  CONTENT_ID_HEADER,
  CONTENT_ID_PLACEHOLDER,
  MAX_LICENCE_BYTES,
  type DrmName,
  type DrmServers,
} from '../../lib/contract/drm.ts';
import { Connector, type ConnectOptions } from '../pull/connect.ts';
import { wholeOf } from '../pull/whole.ts';
import { ApiError } from '../shared/errors.ts';
import { logger } from '../shared/logger.ts';

/** Milliseconds from the look-up of its name to the last byte of its answer. */
const MILLISECONDS = 8000;
/** Some have 1.5 KiB. */
const MAX_CERTIFICATE_BYTES = 32 * 1024;

/** What is said beside the challenge, by system: PlayReady speaks SOAP (MS-PRSOAP). */
const SPOKEN: Readonly<
  Record<DrmName, { readonly type: string; readonly headers?: Readonly<Record<string, string>> }>
> = {
  widevine: { type: 'application/octet-stream' },
  fairplay: { type: 'application/octet-stream' },
  playready: {
    type: 'text/xml; charset=utf-8',
    headers: { soapaction: '"http://schemas.microsoft.com/DRM/2007/03/protocols/AcquireLicense"' },
  },
};

export interface LicenceServersOptions extends Omit<ConnectOptions, 'keepAlive'> {
  readonly drm: DrmServers;
  /** The provider's authorisation, as headers. */
  readonly headers: () => Promise<Readonly<Record<string, string>>>;
  /** For tests only. */
  readonly milliseconds?: number;
}

export class LicenceServers {
  readonly #options: LicenceServersOptions;
  readonly #connector: Connector;
  #certificate: { readonly bytes: Buffer; readonly until: number } | undefined;

  constructor(options: LicenceServersOptions) {
    this.#options = options;
    // A connection that outlived a frozen process is closed at its other end.
    this.#connector = new Connector({ ...options, keepAlive: false });
  }

  /**
   * The licence, as the server wrote it. It is told of which content in the same way by all systems, and that is all that ties
   * FairPlay's to a video. Throws `not-found`, `licence-refused`, `licence-unavailable`.
   */
  async licence(system: DrmName, challenge: Buffer, contentId: string): Promise<Buffer> {
    const url = this.#options.drm.servers[system];
    if (url === undefined) throw new ApiError('not-found', `This platform has no licences of ${system}.`);
    const { type, headers } = SPOKEN[system];
    return await this.#asked(system, MAX_LICENCE_BYTES, async (signal) =>
      this.#connector.post(url.replaceAll(CONTENT_ID_PLACEHOLDER, contentId), {
        type,
        accept: '*/*',
        body: challenge,
        headers: { ...headers, ...(await this.#options.headers()), [CONTENT_ID_HEADER]: contentId },
        signal,
      }),
    );
  }

  /** The FairPlay application certificate, which everybody may have. Throws as `licence`. */
  async certificate(now = Date.now()): Promise<Buffer> {
    const url = this.#options.drm.certificate;
    if (url === undefined) throw new ApiError('not-found', 'This platform has no licences of fairplay.');
    if (this.#certificate !== undefined && now < this.#certificate.until) return this.#certificate.bytes;
    const bytes = await this.#asked('certificate', MAX_CERTIFICATE_BYTES, (signal) =>
      this.#connector.get(url, [0, MAX_CERTIFICATE_BYTES - 1], { signal }),
    );
    this.#certificate = { bytes, until: now + CERTIFICATE_SECONDS * 1000 };
    return bytes;
  }

  async #asked(what: string, most: number, ask: (signal: AbortSignal) => Promise<IncomingMessage>): Promise<Buffer> {
    const signal = AbortSignal.timeout(this.#options.milliseconds ?? MILLISECONDS);
    try {
      const answer = await ask(signal);
      try {
        const status = answer.statusCode ?? 0;
        if (status !== 200 && status !== 206) throw new Refused(status);
        const bytes = await wholeOf(answer, most, signal);
        if (bytes.length === 0) throw new Error('its answer is empty');
        return bytes;
      } finally {
        answer.destroy();
      }
    } catch (error) {
      // The words alone: neither what was asked nor what was answered, nor by which authorisation.
      const { name, message } = error as Error;
      logger.warn('the DRM provider gave none', { what, name, message });
      throw problemOf(error);
    }
  }
}

/** An answer that is no licence. */
class Refused extends Error {
  override name = 'Refused';
  readonly status: number;
  constructor(status: number) {
    super(`it answered ${status}`);
    this.status = status;
  }
}

/** What a server says of the question is the player's matter; all else, our authorisation included, is the platform's. */
const OF_THE_QUESTION: readonly number[] = [400, 403, 404, 409, 410, 422];

const problemOf = (error: unknown): ApiError =>
  error instanceof Refused && OF_THE_QUESTION.includes(error.status)
    ? new ApiError('licence-refused', 'The DRM provider gives this player no licence.')
    : new ApiError('licence-unavailable', 'The DRM provider does not answer as it should. Try again in a minute.');
