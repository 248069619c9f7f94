/** Who sends: a token that is given, somebody who signs in, or on a local platform its uploader, without being asked. */
import { createInterface } from 'node:readline';
import { Writable } from 'node:stream';
import type { ResponseOf } from '../../lib/contract/api.ts';
import { Client } from '../client.ts';
import { signIn, type SignedIn } from '../smoke/sign-in.ts';
import { isLoopback, UsageError, type UploadCommand } from './command.ts';

/** Of the local issuer's people (local/issuer.ts, which takes long to load) the one who may upload and no more. */
const UPLOADER = 'uma';

type Config = ResponseOf<'GET /api/config'>;

export interface Access {
  readonly config: Config;
  /** The client of this moment. */
  readonly client: () => Client;
  /** After a 401: signs in anew where that goes without asking. Answers whether it did. */
  readonly renew: () => Promise<boolean>;
}

/** Throws UsageError that says what to do when nobody can be signed in. */
export async function openAccess({ url, token, user }: UploadCommand): Promise<Access> {
  const config = await new Client(url).call('GET /api/config').catch((cause: unknown) => {
    throw new UsageError(`Nothing like Sluice answers at ${url}. Is it running, and is --url right?`, { cause });
  });
  if (token !== undefined) {
    const client = new Client(url, token);
    return { config, client: () => client, renew: async () => false };
  }
  const local = isLoopback(new URL(url).hostname) && isLoopback(new URL(config.issuer).hostname);
  if (user === undefined && !local) {
    throw new UsageError(`${url} wants to know who you are: give --token (or SLUICE_TOKEN), or --user to sign in.`);
  }
  // The local issuer takes any password.
  const [name, password] =
    user === undefined ? [UPLOADER, 'anything'] : [user, local ? 'anything' : await passwordOf(user)];
  let signedIn: SignedIn;
  try {
    signedIn = await signIn(url, config, name, password);
  } catch (cause) {
    throw new UsageError(`Signing in as ${name} did not work: ${(cause as Error).message}. Another way is --token.`, {
      cause,
    });
  }
  let client = new Client(url, signedIn.token);
  let renewing: Promise<boolean> | undefined;
  const renew = async () => {
    const answer = await signedIn.silently();
    if ('error' in answer) return false;
    client = new Client(url, answer.token);
    return true;
  };
  // Many requests may meet the same end of a token.
  return { config, client: () => client, renew: () => (renewing ??= renew().finally(() => (renewing = undefined))) };
}

async function passwordOf(user: string): Promise<string> {
  const given = process.env['SLUICE_PASSWORD'];
  if (given !== undefined && given !== '') return given;
  if (!process.stdin.isTTY)
    throw new UsageError('Nobody is there to ask for a password: set SLUICE_PASSWORD, or give --token.');
  process.stderr.write(`Password of ${user}: `);
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() });
  const lines = createInterface({ input: process.stdin, output: silent, terminal: true });
  const answer = await new Promise<string>((done) => lines.question('', done));
  lines.close();
  process.stderr.write('\n');
  return answer;
}
