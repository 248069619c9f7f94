/** The container image of the ingest task: bundled at synth, built by Docker only when it is deployed. */
import { copyFileSync, cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { ContainerImage } from 'aws-cdk-lib/aws-ecs';
import { DockerImageAsset, Platform } from 'aws-cdk-lib/aws-ecr-assets';
import { Stack } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { buildSync } from 'esbuild';
import type { Config } from '../config.ts';
import { FOR_NODE } from './for-node.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));
const folder = `${root}containers/ingest/`;
const INGEST_ENTRY = `${folder}src/task/main.ts`;
const SOUND_WORKER = `${folder}src/sound/worker.ts`;
const AAC_ENCODER = `${root}node_modules/@mediabunny/aac-encoder/dist/modules/build/aac.js`;

/** Distroless's `nonroot`, by its numbers: ECS resolves no names before it runs the image. */
export const INGEST_USER = '65532:65532';

export function ingestImage(scope: Construct, id: string, config: Config): ContainerImage {
  const directory = mkdtempSync(join(tmpdir(), 'sluice-ingest-'));
  try {
    // Synthesizing without bundling is for looking at templates; the image's hash then says nothing.
    writeIngestContext(directory, Stack.of(scope).bundlingRequired);
    const platform = config.architecture === 'arm64' ? Platform.LINUX_ARM64 : Platform.LINUX_AMD64;
    // The asset is a copy in the assembly from here on.
    return ContainerImage.fromDockerImageAsset(new DockerImageAsset(scope, id, { directory, platform }));
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

/** Writes what an image is built of into an empty folder: the Dockerfile, and beside it `bundle`, which may stay empty. */
export function writeIngestContext(directory: string, bundled = true): void {
  cpSync(`${folder}Dockerfile`, join(directory, 'Dockerfile'));
  mkdirSync(join(directory, 'bundle'));
  if (bundled) bundleIngest(join(directory, 'bundle'));
}

/**
 * Writes `main.mjs`, and what it reads beside itself (containers/ingest/src/sound/files.ts): `sound-worker.mjs`, the
 * thread that encodes sound, and `aac-encoder.mjs`, the encoder as its package has it. Also for running the task without
 * Docker. `entry`: another program around the task.
 */
export function bundleIngest(outdir: string, entry = INGEST_ENTRY): void {
  buildSync({
    entryPoints: { main: entry, 'sound-worker': SOUND_WORKER },
    outdir,
    outExtension: { '.js': '.mjs' },
    ...FOR_NODE,
  });
  copyFileSync(AAC_ENCODER, `${outdir}/aac-encoder.mjs`);
}
