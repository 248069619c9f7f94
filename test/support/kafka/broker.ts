/**
 * A real broker of Apache Kafka (KRaft, one node) for tests, and Kafka's own consumer to read it by. It comes by Maven, is kept in
 * the cache, and runs on Java 17 or newer; where one of them is missing, `whyNoBroker` says so and tests say it on.
 */
import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { existsSync } from 'node:fs';
import { mkdir, mkdtemp, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../../../local/cache.ts';
import { output, run, start, type Running } from '../../../lib/process.ts';
import { freePort } from '../../../local/engine.ts';

/** As the pom has it: another version is another folder. */
const JARS = cacheFolder('kafka', '4.3.1');
const POM = fileURLToPath(new URL('pom.xml', import.meta.url));
const COPY = 'org.apache.maven.plugins:maven-dependency-plugin:2.8:copy-dependencies';
const OLDEST_JAVA = 17;
const TLS = fileURLToPath(new URL('../tls/', import.meta.url));
/** A small heap, and started fast rather than running fast. */
const JAVA = ['-Xms64m', '-Xmx320m', '-XX:TieredStopAtLevel=1', '-XX:+UseSerialGC'];
const START_MS = 90_000;

export const USER = { username: 'sluice', password: 'known to it alone' };

/** Why this machine can run no broker; undefined: it can. */
export function whyNoBroker(): string | undefined {
  const said = (program: string, arg: string) => {
    const { error, stdout, stderr } = spawnSync(program, [arg], { encoding: 'utf8' });
    return error === undefined ? `${stdout}${stderr}` : undefined;
  };
  const java = said('java', '-version');
  if (java === undefined) return 'this machine has no Java';
  const version = Number(/version "(\d+)/.exec(java)?.[1] ?? 0);
  if (version < OLDEST_JAVA) return `this machine's Java is ${version}, and Kafka wants ${OLDEST_JAVA}`;
  if (!existsSync(JARS) && said('mvn', '-v') === undefined) return 'this machine has no Maven to fetch Kafka by';
  return undefined;
}

async function jars(): Promise<string> {
  if (!existsSync(JARS)) {
    const draft = `${JARS}-${randomBytes(4).toString('hex')}`;
    await mkdir(dirname(JARS), { recursive: true });
    await run('mvn', ['-q', '-B', '-f', POM, COPY, '-DincludeScope=runtime', `-DoutputDirectory=${draft}`]);
    // Somebody else may have been first.
    await rename(draft, JARS).catch(() => rm(draft, { recursive: true, force: true }));
  }
  return join(JARS, '*');
}

export interface Broker {
  /** Addresses of its listeners: in the clear; TLS; TLS with PLAIN or SCRAM for `USER`; TLS with unsigned tokens of OAUTHBEARER. */
  readonly at: Readonly<Record<'plain' | 'tls' | 'sasl' | 'oauth', string>>;
  /** Who signed its certificate, in PEM. */
  readonly ca: string;
  stop(): Promise<void>;
  /** After a stop, as it was. */
  start(): Promise<void>;
  /** All there is of a topic, by Kafka's own consumer: in the order of each partition. */
  read(topic: string): Promise<readonly Read[]>;
  /** Ends it and leaves nothing. */
  close(): Promise<void>;
}

export interface Read {
  readonly partition: number;
  readonly timestamp: number;
  readonly key: string;
  readonly value: unknown;
}

export async function startBroker(): Promise<Broker> {
  const classes = await jars();
  const folder = await mkdtemp(join(tmpdir(), 'sluice-kafka-'));
  const [plain, controller, tls, sasl, oauth] = await Promise.all(Array.from({ length: 5 }, () => freePort()));
  const [ca, key] = await Promise.all(['cert.pem', 'key.pem'].map((name) => readFile(join(TLS, name), 'utf8')));
  await writeFile(join(folder, 'store.pem'), `${key}${ca}`);
  const listeners = `PLAIN://127.0.0.1:${plain},TLS://127.0.0.1:${tls},SASL://127.0.0.1:${sasl},OAUTH://127.0.0.1:${oauth}`;
  const login = 'org.apache.kafka.common.security';
  await writeFile(
    join(folder, 'server.properties'),
    `process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:${controller}
controller.listener.names=CONTROLLER
listeners=${listeners},CONTROLLER://127.0.0.1:${controller}
advertised.listeners=${listeners}
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAIN:PLAINTEXT,TLS:SSL,SASL:SASL_SSL,OAUTH:SASL_SSL
inter.broker.listener.name=PLAIN
log.dirs=${folder}/data
auto.create.topics.enable=false
num.io.threads=2
num.network.threads=1
offsets.topic.num.partitions=1
offsets.topic.replication.factor=1
group.initial.rebalance.delay.ms=0
ssl.keystore.type=PEM
ssl.keystore.location=${folder}/store.pem
listener.name.sasl.sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-256,SCRAM-SHA-512
listener.name.sasl.plain.sasl.jaas.config=${login}.plain.PlainLoginModule required user_${USER.username}="${USER.password}";
listener.name.sasl.scram-sha-256.sasl.jaas.config=${login}.scram.ScramLoginModule required;
listener.name.sasl.scram-sha-512.sasl.jaas.config=${login}.scram.ScramLoginModule required;
listener.name.oauth.sasl.enabled.mechanisms=OAUTHBEARER
listener.name.oauth.oauthbearer.sasl.jaas.config=${login}.oauthbearer.OAuthBearerLoginModule required unsecuredLoginStringClaim_sub="broker";
`,
  );
  const java = (name: string, ...args: readonly string[]) => [...JAVA, '-cp', classes, name, ...args];
  const scram = ['SCRAM-SHA-256', 'SCRAM-SHA-512'].flatMap((mechanism) => [
    '--add-scram',
    `${mechanism}=[name="${USER.username}",password="${USER.password}"]`,
  ]);
  const id = randomBytes(16).toString('base64url');
  await run('java', java('kafka.tools.StorageTool', 'format', '-t', id, '-c', `${folder}/server.properties`, ...scram));

  let running: Running | undefined;
  const stop = async () => {
    await running?.end(20_000);
    running = undefined;
  };
  const begin = async () => {
    const begun = start('java', java('kafka.Kafka', `${folder}/server.properties`), {
      group: { graceMs: 5000 },
      together: true,
      env: { PATH: process.env['PATH'], LOG_DIR: folder },
    });
    running = begun;
    const until = Date.now() + START_MS;
    while (!(await listens(plain!))) {
      if (begun.ended || Date.now() > until) throw new Error(`Kafka does not start: ${begun.said()}`);
      await sleep(100);
    }
  };
  await begin();
  return {
    at: {
      plain: `127.0.0.1:${plain}`,
      tls: `127.0.0.1:${tls}`,
      sasl: `127.0.0.1:${sasl}`,
      oauth: `127.0.0.1:${oauth}`,
    },
    ca: ca!,
    stop,
    start: begin,
    read: async (topic) => {
      const consumer = 'org.apache.kafka.tools.consumer.ConsoleConsumer';
      const shown = ['partition', 'timestamp', 'key'].flatMap((what) => ['--formatter-property', `print.${what}=true`]);
      const of = ['--bootstrap-server', `127.0.0.1:${plain}`, '--topic', topic];
      // As many as there are, however long that takes: on a busy machine the first may come after any short time.
      const offsets = java('org.apache.kafka.tools.GetOffsetShell', ...of);
      const ends = (await output('java', offsets, { maxBytes: 2 ** 20 })).stdout.toString();
      const count = [...ends.matchAll(/^[^:\n]+:\d+:(\d+)$/gm)].reduce((sum, [, end]) => sum + Number(end), 0);
      if (count === 0) return [];
      const args = [...of, '--from-beginning', '--max-messages', String(count), '--timeout-ms', '60000'];
      const { stdout } = await output('java', java(consumer, ...args, ...shown), { maxBytes: 512 * 2 ** 20 });
      return stdout
        .toString()
        .split('\n')
        .filter((line) => line !== '')
        .map(readLine);
    },
    close: async () => {
      await stop();
      await rm(folder, { recursive: true, force: true });
    },
  };
}

/** `CreateTime:1795939200000\tPartition:0\tkey\tvalue` */
function readLine(line: string): Read {
  const [time = '', partition = '', key = '', ...value] = line.split('\t');
  return {
    timestamp: Number(time.split(':')[1]),
    partition: Number(partition.split(':')[1]),
    key,
    value: JSON.parse(value.join('\t')),
  };
}

const listens = (port: number): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.once('connect', () => resolve(true)).once('error', () => resolve(false));
    socket.once('connect', () => socket.destroy());
  });
