/** Where the run is: a real account, or the local engine. The steps are the same; only this differs. */
import type { AwsAccess } from '../aws-request.ts';
import type { OpenFiles } from '../../lib/contract/ingest.ts';
import type { StackFacts } from './stacks.ts';

export type Options = Readonly<Record<string, string>>;

export interface Deployed extends StackFacts {
  /** Of console, API and media. */
  readonly url: string;
  /** Where devices connect. */
  readonly devices: { readonly host: string; readonly control: number };
}

/** Somebody of the group `admin`: who signs in at the issuer's pages, or whose token was given. */
export type Person = { readonly name: string; readonly password: string } | { readonly token: string };

export interface Where {
  /** e.g. `AWS account 123456789012, eu-central-1` */
  readonly title: string;
  readonly aws: boolean;
  readonly access: AwsAccess;
  /** Stacks, in the order they are deployed. */
  readonly stacks: readonly string[];
  /** Minutes that what comes up by itself (names, targets, a new task) may take. */
  readonly patienceMinutes: number;
  /** Deploys all of it; `options` go on top of the environment's. */
  deploy(options: Options): Promise<Deployed>;
  /** What its stacks hold now; nothing where they are not there. */
  facts(): Promise<StackFacts>;
  admin(deployed: Deployed): Promise<Person>;
  /** The limit of open files as a running task says it; undefined where nothing was found. */
  openFiles(deployed: Deployed): Promise<OpenFiles | undefined>;
  /** How many tasks are protected from scaling in. Undefined: there is nobody who knows. */
  protectedTasks(deployed: Deployed): Promise<number | undefined>;
  /** Takes all of it down. */
  destroy(): Promise<void>;
  /** How to remove what is left after a run that failed; undefined where it goes by itself. */
  readonly howToRemove: string | undefined;
  /** Ends what this machine runs for it. */
  close(): Promise<void>;
}
