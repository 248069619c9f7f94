/**
 * The image as it is deployed: built, run as its user on a file system it cannot write, asked how it is, and ended. Where
 * no registry is reached its base is a stand-in; where nothing builds images, the output says so.
 */
import { mkdtemp, mkdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, it } from 'vitest';
import { INGEST_USER, writeIngestContext } from '../../../lib/constructs/ingest-image.ts';
import { HEALTH_PATH } from '../../../lib/contract/ingest.ts';
import { freePort } from '../../../local/engine.ts';
import { findContainerTool, type ContainerTool } from '../../support/containers.ts';
import { writeStandIn } from './base-image.ts';
import { Cloud, OPTIONS, until } from './task/cloud.ts';

const dockerfile = await readFile(new URL('../../../containers/ingest/Dockerfile', import.meta.url), 'utf8');
const base = /^ARG BASE=(\S+)$/m.exec(dockerfile)?.[1] ?? '';

const closing: (() => Promise<unknown>)[] = [];
afterAll(async () => {
  for (const close of closing.toReversed()) await close();
});

it('stands on a Node 24 of Debian 13 without rights, by its tag and, once it is known, its digest', () => {
  expect(base).toMatch(/^gcr\.io\/distroless\/nodejs24-debian13:nonroot(@sha256:[0-9a-f]{64})?$/);
  expect(dockerfile).toMatch(/^FROM \$\{BASE\}$/m);
  expect(dockerfile).toContain(`USER ${INGEST_USER}\n`);
});

const tool = await findContainerTool();
if (tool === undefined)
  say('not built and not run: there is no docker (with its daemon), podman or buildah on this machine');

it.skipIf(tool === undefined)(
  'is built, runs as its user without writing, answers /health, and ends when it is told to',
  () => check(tool!),
  600_000,
);

async function check(tool: ContainerTool): Promise<void> {
  closing.push(() => tool.close());
  const folder = await mkdtemp(join(tmpdir(), 'sluice-image-'));
  closing.push(() => rm(folder, { recursive: true, force: true }));
  const tag = `sluice-ingest-test:${process.pid}`;
  writeIngestContext(await made(join(folder, 'context')));
  const pulled = tool.pull(base);
  const standIn = `localhost/sluice-base-test:${process.pid}`;
  if (!pulled) {
    writeStandIn(await made(join(folder, 'base')));
    tool.build(join(folder, 'base'), standIn);
  }
  tool.build(join(folder, 'context'), tag, pulled ? {} : { BASE: standIn });
  expect(tool.inspect(tag)).toMatchObject({
    User: INGEST_USER,
    WorkingDir: '/app',
    Entrypoint: ['/nodejs/bin/node'],
    Cmd: ['main.mjs'],
    Volumes: { '/tmp': {} },
  });

  const cloud = await Cloud.start();
  closing.push(() => cloud.close());
  const [control, media, attachments, health] = await Promise.all([freePort(), freePort(), freePort(), freePort()]);
  const container = await tool.run(tag, {
    stopSeconds: 30,
    env: {
      ...taskEnvironment(),
      INGEST_OPTIONS: JSON.stringify({
        ...OPTIONS,
        stateSeconds: 5,
        positionSeconds: 5,
        ports: { control, media, attachments, health },
      }),
    },
  });
  const answer = async () => {
    const response = await fetch(`http://127.0.0.1:${health}${HEALTH_PATH}`).catch(() => undefined);
    return { status: response?.status, report: await response?.json(), log: container.logs() };
  };
  const { report } = await until('a healthy task', answer, ({ status }) => status === 200, 60_000);
  expect(report).toMatchObject({ ok: true, ports: { control, media, attachments, health } });

  const look = `const { writeFileSync } = require('node:fs');
    const refused = (path) => { try { writeFileSync(path, ''); return 'written'; } catch ({ code }) { return code; } };
    const rights = /CapEff:\\s*(\\w+)/.exec(require('node:fs').readFileSync('/proc/self/status', 'utf8'))[1];
    console.log(JSON.stringify({ user: process.getuid() + ':' + process.getgid(), rights: Number('0x' + rights),
      root: refused('/x'), app: refused('/app/x'), tmp: refused('/tmp/x') }));`;
  expect(JSON.parse(container.exec('/nodejs/bin/node', '-e', look))).toEqual({
    user: INGEST_USER,
    rights: 0,
    root: tool.readOnly ? 'EROFS' : 'EACCES',
    app: tool.readOnly ? 'EROFS' : 'EACCES',
    tmp: 'written',
  });
  expect(await container.stop()).toBe(tool.readOnly ? 0 : null);
  say(
    `built and run by ${tool.name} as ${INGEST_USER}, ${tool.readOnly ? 'read-only' : 'in a chroot (it cannot make it read-only)'}, on ${
      pulled ? base : `a stand-in of this machine's Node ${process.versions.node}, since ${base} cannot be pulled here`
    }: /health answered 200`,
  );
}

/** What the engine of these tests has set of what a task reads (docs/ingest.md), and its address and credentials. */
const taskEnvironment = () =>
  Object.fromEntries(
    Object.entries(process.env).flatMap(([name, value = '']) =>
      /^(AWS_|EVENT_BUS$|[A-Z_]+_(TABLE|BUCKET|PREFIX|NAME|HOST|ADDRESS)$)/.test(name) ? [[name, value]] : [],
    ),
  );

async function made(folder: string): Promise<string> {
  await mkdir(folder);
  return folder;
}

function say(line: string): void {
  process.stdout.write(`ingest image: ${line}\n`);
}
