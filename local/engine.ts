/**
 * The engine that answers AWS calls on this machine: the one `AWS_ENDPOINT_URL` names, else MiniStack in a private
 * virtual environment, started on loopback and ended with us.
 */
import { randomInt } from 'node:crypto';
import { mkdir, mkdtemp, rm } from 'node:fs/promises';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { delimiter, dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { start } from '../lib/process.ts';
import { pythonEnvironment } from './python.ts';

/** boto3 must match the botocore that MiniStack pins; without it a custom resource never answers. */
const REQUIREMENTS = ['ministack==1.5.33', 'boto3==1.43.106', 'cryptography==50.0.2'];

/** Starts it, and says where it is held to AWS's ways. */
const launcher = fileURLToPath(new URL('engine-start.py', import.meta.url));

/** Milliseconds the engine has to end by itself. */
const GRACE_MS = 3000;

export interface Engine {
  /** e.g. `http://127.0.0.1:4566` */
  readonly endpoint: string;
  readonly close: () => Promise<void>;
  /** The last lines the engine printed; for a failure's report. */
  readonly recentLog: () => string;
  /** True when we started it, so it holds nothing from before. */
  readonly own: boolean;
}

export interface EngineOptions {
  /** Enforce IAM: a missing grant then fails here. */
  readonly iam?: boolean;
  /** Address that functions take for the engine's: of something between that looks at their calls. */
  readonly calledAt?: string;
  readonly log: (line: string) => void;
}

/** The virtual environment of the engine, which holds botocore, too. */
export const enginePython = (log: (line: string) => void): Promise<string> =>
  pythonEnvironment('engine', REQUIREMENTS, log);

export async function startEngine({ iam = false, calledAt, log }: EngineOptions): Promise<Engine> {
  const given = process.env['AWS_ENDPOINT_URL'];
  if (given !== undefined && given !== '') {
    return { endpoint: given.replace(/\/$/, ''), own: false, close: async () => {}, recentLog: () => '' };
  }
  const environment = await enginePython(log);
  const port = await freePort();
  const scratch = await mkdtemp(join(tmpdir(), 'sluice-engine-'));
  await mkdir(join(scratch, 'tmp'));
  const modules = fileURLToPath(new URL('../node_modules', import.meta.url));
  const running = start(join(environment, 'bin', 'python'), [launcher], {
    cwd: scratch,
    group: { graceMs: GRACE_MS },
    together: true,
    keptBytes: 64 * 1024,
    env: {
      PATH: [dirname(process.execPath), join(environment, 'bin'), process.env['PATH'] ?? ''].join(delimiter),
      HOME: scratch,
      TMPDIR: join(scratch, 'tmp'),
      NODE_PATH: modules,
      BIND_HOST: '127.0.0.1',
      GATEWAY_PORT: String(port),
      SFTP_ENABLED: '0',
      IOT_MTLS_ENABLED: '0',
      LAMBDA_WARM_TTL_SECONDS: '300',
      ...(iam && { AUTH: 'true' }),
      ...(calledAt !== undefined && { AWS_ENDPOINT_URL: calledAt }),
    },
  });
  const endpoint = `http://127.0.0.1:${port}`;
  const engine: Engine = {
    endpoint,
    own: true,
    recentLog: running.said,
    close: async () => {
      await running.end(GRACE_MS);
      await rm(scratch, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 });
    },
  };
  const deadline = Date.now() + 60_000;
  while (!running.ended && Date.now() < deadline) {
    const up = await fetch(`${endpoint}/_localstack/health`, { signal: AbortSignal.timeout(2000) }).then(
      (r) => r.ok,
      () => false,
    );
    if (up) return engine;
    await new Promise((resolve) => setTimeout(resolve, 100));
  }
  await engine.close();
  throw new Error(`the local engine did not come up:\n${running.said().slice(-2000)}`);
}

/** Environment for AWS tools and SDKs that shall talk to the engine. */
export function engineEnvironment(endpoint: string) {
  return {
    AWS_ENDPOINT_URL: endpoint,
    AWS_ENDPOINT_URL_S3: endpoint,
    AWS_ACCESS_KEY_ID: process.env['AWS_ACCESS_KEY_ID'] ?? 'test',
    AWS_SECRET_ACCESS_KEY: process.env['AWS_SECRET_ACCESS_KEY'] ?? 'test',
    AWS_REGION: process.env['AWS_REGION'] ?? 'us-east-1',
    AWS_DEFAULT_REGION: process.env['AWS_REGION'] ?? 'us-east-1',
    AWS_EC2_METADATA_DISABLED: 'true',
  };
}

/** The same for an SDK client made here. */
export function engineClient(endpoint: string) {
  const env = engineEnvironment(endpoint);
  return {
    endpoint,
    region: env.AWS_REGION,
    credentials: { accessKeyId: env.AWS_ACCESS_KEY_ID, secretAccessKey: env.AWS_SECRET_ACCESS_KEY },
  };
}

/** Below those that systems hand out by themselves: Linux from 32768 on, others IANA's dynamic ports (RFC 6335 6). */
const [FIRST_PORT, LAST_PORT] = [15_000, 31_999];
let nextPort = randomInt(FIRST_PORT, LAST_PORT + 1);

/**
 * A port of 127.0.0.1 on which nothing listens, another one each time. Whoever takes it may do so seconds later: of those that systems hand
 * out, it could be the near end of somebody's connection by then, or be listened on by whoever asks for any.
 */
export async function freePort(): Promise<number> {
  for (let tries = 0; tries < 1000; tries += 1) {
    const port = nextPort;
    nextPort = port === LAST_PORT ? FIRST_PORT : port + 1;
    if (await isFree(port)) return port;
  }
  throw new Error('no free port');
}

async function isFree(port: number): Promise<boolean> {
  const server = createServer();
  const isListening = await new Promise<boolean>((resolve) =>
    server.once('error', () => resolve(false)).listen(port, '127.0.0.1', () => resolve(true)),
  );
  if (isListening) await new Promise((resolve) => server.close(resolve));
  return isListening;
}
