/** The command line of `npm run upload`. Pure. */
import { parseArgs } from 'node:util';

export class UsageError extends Error {
  override name = 'UsageError';
}

export const HELP = `npm run upload -- FILE… [options]

Sends files to the platform in parts, and goes on where it was when it is run again after it was stopped or killed.
FILE may be a video or sound, a folder (all of them in it and below), or an address to pull from (https://… or s3://bucket/key).

  --list FILE          more of them, one a line; empty lines and those that begin with # are passed over
  --url URL            the platform (default: $SLUICE_URL, else http://127.0.0.1:8080, where \`npm start\` is)
  --token TOKEN        access token of somebody who may upload (default: $SLUICE_TOKEN); a local platform needs none
  --user NAME          sign in as NAME at the platform's own sign-in page; the password is $SLUICE_PASSWORD, or asked for
  --files N            files under way at a time, 1 to 20 (default 2)
  --parts N            parts of one file under way at a time, 1 to 16 (default 4)
  --visibility WHO     private (default), entitled or public
  --wait               wait until each can be played, and say when
  --again              send what was sent before once more, as new videos
  -h, --help           this text

Prints the playback address of each. Exit code: 0 when all arrived (with --wait: can be played), 1 when some did not,
2 when the command makes no sense, 130 when it was stopped.`;

export interface UploadCommand {
  readonly sources: readonly string[];
  readonly lists: readonly string[];
  /** Without a slash at its end. */
  readonly url: string;
  readonly token?: string;
  readonly user?: string;
  readonly files: number;
  readonly parts: number;
  readonly visibility: string;
  readonly wait: boolean;
  readonly again: boolean;
}

type Environment = Readonly<Record<string, string | undefined>>;

/** Undefined: the help is asked for. Throws UsageError. */
export function parseCommand(args: readonly string[], env: Environment): UploadCommand | undefined {
  const { values, positionals } = parsed(args);
  if (values.help) return undefined;
  const sources = positionals;
  const lists = values.list ?? [];
  if (sources.length === 0 && lists.length === 0) throw new UsageError('Name a file, a folder or an address to send.');
  const token = values.token ?? given(env['SLUICE_TOKEN']);
  if (values.user !== undefined && values.token !== undefined)
    throw new UsageError('--user and --token exclude each other.');
  const visibility = values.visibility ?? 'private';
  if (!['private', 'entitled', 'public'].includes(visibility))
    throw new UsageError(`--visibility: ${visibility} is none of private, entitled, public.`);
  return {
    sources,
    lists,
    url: platform(values.url ?? given(env['SLUICE_URL']) ?? 'http://127.0.0.1:8080'),
    ...(values.user !== undefined ? { user: values.user } : token !== undefined && { token }),
    files: whole('--files', values.files ?? '2', 20),
    parts: whole('--parts', values.parts ?? '4', 16),
    visibility,
    wait: values.wait === true,
    again: values.again === true,
  };
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({
      args: [...args],
      allowPositionals: true,
      options: {
        list: { type: 'string', multiple: true },
        url: { type: 'string' },
        token: { type: 'string' },
        user: { type: 'string' },
        files: { type: 'string' },
        parts: { type: 'string' },
        visibility: { type: 'string' },
        wait: { type: 'boolean' },
        again: { type: 'boolean' },
        help: { type: 'boolean', short: 'h' },
      },
    });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

const given = (text: string | undefined) => (text === undefined || text === '' ? undefined : text);

function platform(text: string): string {
  const url = URL.parse(text);
  if (url === null || !/^https?:$/.test(url.protocol) || url.username !== '' || url.search !== '')
    throw new UsageError(`--url: ${text} is no address of a platform, such as https://video.example.com.`);
  // A token goes there with every request.
  if (url.protocol === 'http:' && !isLoopback(url.hostname))
    throw new UsageError(`--url: ${text} must be https, or the token would travel in the clear.`);
  return url.href.replace(/\/+$/, '');
}

export const isLoopback = (host: string): boolean => /^(127(\.\d+){3}|localhost|\[::1\])$/.test(host);

function whole(name: string, text: string, most: number): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1 || value > most)
    throw new UsageError(`${name}: ${text} is not a whole number from 1 to ${most}.`);
  return value;
}

/** What a list file names, in its order. */
export const listed = (text: string): string[] =>
  text
    .replace(/^\uFEFF/, '')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'));

export const isAddress = (source: string): boolean => /^(https?|s3):\/\//i.test(source);
