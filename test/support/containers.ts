/**
 * Whatever of this machine builds and runs container images: docker, podman or buildah, for the test of the ingest image.
 * podman and buildah keep what they make in a folder of ours, which goes with the test; docker is told to remove it.
 */
import { spawnSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { start, type Running } from '../../lib/process.ts';

/** Milliseconds a registry has; where none is reachable a name is not resolved at once, or never. */
const PULL_MS = 60_000;
const COMMAND_MS = 300_000;

export interface ContainerOptions {
  readonly env: Readonly<Record<string, string>>;
  /** Seconds from SIGTERM to SIGKILL. */
  readonly stopSeconds: number;
}

export interface Container {
  /** What the program printed. */
  logs(): string;
  /** Runs another program in it; answers its standard output. */
  exec(...command: readonly string[]): string;
  /** SIGTERM; answers the exit code, or null where the tool does not tell. */
  stop(): Promise<number | null>;
}

export interface ContainerTool {
  /** e.g. `podman 4.3.1` */
  readonly name: string;
  /** Whether it makes the root file system read-only, and tells how a container ended. */
  readonly readOnly: boolean;
  pull(image: string): boolean;
  build(folder: string, tag: string, args?: Readonly<Record<string, string>>): void;
  /** The image's configuration: user, entry point and the like. */
  inspect(image: string): ImageConfig;
  /** Read-only where that can be, without capabilities, in the host's network. */
  run(image: string, options: ContainerOptions): Promise<Container>;
  close(): Promise<void>;
}

export interface ImageConfig {
  readonly User: string;
  readonly WorkingDir: string;
  readonly Entrypoint: readonly string[];
  readonly Cmd: readonly string[];
  readonly Volumes: Readonly<Record<string, unknown>>;
}

export class ContainerError extends Error {
  override name = 'ContainerError';
}

/** The first that works here, or undefined. */
export async function findContainerTool(): Promise<ContainerTool | undefined> {
  // A client without its daemon is no docker.
  const docker = ask('docker', ['version', '--format', '{{.Server.Version}}']);
  if (docker !== undefined) return dockerLike(`docker ${docker}`, ['docker'], async () => {});
  for (const name of ['podman', 'buildah']) {
    const version = ask(name, ['--version'])?.match(/\d[\w.+~-]*/)?.[0];
    if (version === undefined) continue;
    const folder = await mkdtemp(join(tmpdir(), 'sluice-images-'));
    const at = ['--root', join(folder, 'root'), '--runroot', join(folder, 'run'), '--storage-driver', 'vfs'];
    const remove = async (all: readonly string[]) => {
      ask(name, [...at, ...all]);
      await rm(folder, { recursive: true, force: true });
    };
    if (name === 'buildah') {
      const clear = async () => {
        ask(name, [...at, 'rm', '--all']);
        await remove(['rmi', '--all', '--force']);
      };
      return buildah(`buildah ${version}`, ['buildah', ...at], clear);
    }
    // runc where it is there: Debian 12's crun refuses machines with both kinds of control groups.
    const runtime = ask('runc', ['--version']) === undefined ? [] : ['--runtime', 'runc'];
    const prefix = ['podman', ...at, '--cgroup-manager', 'cgroupfs', '--events-backend', 'file', ...runtime];
    return dockerLike(`podman ${version}`, prefix, () => remove(['rmi', '--all', '--force']), PODMAN);
  }
  return undefined;
}

function dockerLike(
  name: string,
  [program, ...prefix]: readonly string[],
  clear: () => Promise<void>,
  more: { readonly build: readonly string[]; readonly run: readonly string[] } = { build: [], run: [] },
): ContainerTool {
  const call = (...args: readonly string[]) => must(program!, [...prefix, ...args]);
  const images: string[] = [];
  const containers: string[] = [];
  return {
    name,
    readOnly: true,
    pull: (image) => ask(program!, [...prefix, 'pull', '--quiet', image], PULL_MS) !== undefined,
    build: (folder, tag, args = {}) => {
      images.push(tag);
      call('build', ...more.build, '--tag', tag, ...buildArgs(args), folder);
    },
    inspect: (image) => (JSON.parse(call('image', 'inspect', image)) as { Config: ImageConfig }[])[0]!.Config,
    run: async (image, { env, stopSeconds }) => {
      const id = call('run', '--detach', ...ISOLATED, ...more.run, ...environment(env), image);
      containers.push(id);
      return {
        logs: () => said(program!, [...prefix, 'logs', id]),
        exec: (...command) => call('exec', id, ...command),
        stop: async () => {
          call('stop', '--time', String(stopSeconds), id);
          return Number(call('inspect', '--format', '{{.State.ExitCode}}', id));
        },
      };
    },
    close: async () => {
      for (const id of containers) ask(program!, [...prefix, 'rm', '--force', id]);
      for (const image of images.toReversed()) ask(program!, [...prefix, 'rmi', '--force', image]);
      await clear();
    },
  };
}

/** It builds, and runs in a chroot: as the user and without capabilities, but the file system stays as it is. */
function buildah(name: string, [program, ...prefix]: readonly string[], clear: () => Promise<void>): ContainerTool {
  const call = (...args: readonly string[]) => must(program!, [...prefix, ...args]);
  const running: Running[] = [];
  return {
    name,
    readOnly: false,
    pull: (image) => ask(program!, [...prefix, 'pull', '--quiet', image], PULL_MS) !== undefined,
    build: (folder, tag, args = {}) =>
      void call('build', '--isolation', 'chroot', '--format', 'docker', '--tag', tag, ...buildArgs(args), folder),
    inspect: (image) =>
      (JSON.parse(call('inspect', '--type', 'image', image)) as { Docker: { config: ImageConfig } }).Docker.config,
    run: async (image, { env, stopSeconds }) => {
      const id = call('from', image);
      const config = (JSON.parse(call('inspect', id)) as { Docker: { config: ImageConfig } }).Docker.config;
      const isolated = ['run', '--isolation', 'chroot', '--cap-drop', 'ALL'];
      const task = start(
        program!,
        [...prefix, ...isolated, ...environment(env), id, '--', ...config.Entrypoint, ...config.Cmd],
        { group: { graceMs: stopSeconds * 1000 }, together: true, keptBytes: 64 * 1024, env: process.env },
      );
      running.push(task);
      return {
        logs: task.said,
        exec: (...command) => call(...isolated, id, '--', ...command),
        stop: async () => {
          await task.end(stopSeconds * 1000);
          return null;
        },
      };
    },
    close: async () => {
      await Promise.all(running.map((task) => task.end(1000)));
      await clear();
    },
  };
}

const buildArgs = (args: Readonly<Record<string, string>>) =>
  Object.entries(args).flatMap(([key, value]) => ['--build-arg', `${key}=${value}`]);
const environment = (env: Readonly<Record<string, string>>) =>
  Object.entries(env).flatMap(([key, value]) => ['--env', `${key}=${value}`]);

const ISOLATED = ['--network=host', '--read-only', '--cap-drop=ALL', '--security-opt=no-new-privileges'];

const PODMAN = {
  // A layer for each line would be a copy of everything, as this storage keeps them.
  build: ['--layers=false'],
  // By itself it wants more files and processes for root than some machines may give.
  run: ['--ulimit', 'nofile=4096:4096', '--ulimit', 'nproc=4096:4096'],
};

function ask(program: string, args: readonly string[], timeout = COMMAND_MS): string | undefined {
  const { status, stdout } = spawnSync(program, args, {
    encoding: 'utf8',
    timeout,
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  return status === 0 ? stdout.trim() : undefined;
}

function said(program: string, args: readonly string[]): string {
  const { stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: COMMAND_MS });
  return stdout + stderr;
}

function must(program: string, args: readonly string[]): string {
  const { status, stdout, stderr } = spawnSync(program, args, { encoding: 'utf8', timeout: COMMAND_MS });
  if (status !== 0) throw new ContainerError(`${program} ${args.join(' ').slice(0, 300)}: ${stderr.slice(-2000)}`);
  return stdout.trim();
}
