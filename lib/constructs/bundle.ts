/**
 * A function's package: its entry, and all that it imports, as one file. By this machine's esbuild; Docker is not asked.
 *
 * That is most of what a synth takes. Where `SLUICE_BUNDLES` names a folder, packages are kept there and taken from there until
 * anything changes that they are made from: for the local run, and for tests, which synthesize the same code again and again.
 */
import { execSync } from 'node:child_process';
import { createHash, randomUUID } from 'node:crypto';
import { cpSync, existsSync, readdirSync, renameSync, rmSync, statSync, utimesSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { AssetHashType, DockerImage, FileSystem } from 'aws-cdk-lib';
import { Code, type AssetCode } from 'aws-cdk-lib/aws-lambda';
import { buildSync } from 'esbuild';
import { FOR_NODE } from './for-node.ts';

const root = fileURLToPath(new URL('../../', import.meta.url));

/** Everything packages are made from. */
const SOURCES = ['lambdas', 'lib', 'web', 'package-lock.json', 'tsconfig.json'];
/** States of the sources whose packages are kept; 70 MB each. */
const KEPT = 4;

export interface Package {
  /** File under lambdas/, e.g. `upload/handler.ts`. */
  readonly entry: string;
  /** A shell command that adds files to the package, given its folder. */
  readonly afterBundling?: ((outputDir: string) => string) | undefined;
}

/** The package as an asset, known by what is in it. Its code is `index.mjs`. */
export const packaged = (one: Package): AssetCode =>
  Code.fromAsset(root, {
    assetHashType: AssetHashType.OUTPUT,
    bundling: {
      image: DockerImage.fromRegistry('none'),
      // The CDK tells packages apart by this.
      command: [one.entry],
      local: {
        tryBundle: (outputDir) => {
          bundle(one, outputDir);
          return true;
        },
      },
    },
  });

/** Writes the package into `outputDir`. `keep`: the folder of those that are kept; with none it is made anew. */
export function bundle(one: Package, outputDir: string, keep = process.env['SLUICE_BUNDLES']): void {
  if (keep === undefined || keep === '') return make(one, outputDir);
  const state = join(keep, stateOf());
  const kept = join(state, one.entry.replaceAll('/', '-'));
  if (taken(state, kept, outputDir)) return;
  make(one, outputDir);
  const draft = join(state, `draft-${randomUUID()}`);
  try {
    if (!existsSync(state)) prune(keep);
    cpSync(outputDir, draft, { recursive: true });
    renameSync(draft, kept);
  } catch {
    // Somebody else was first, or gave the folder's place to another state: the package is made all the same.
    rmSync(draft, { recursive: true, force: true });
  }
}

/** Whether a kept package could be copied: somebody else may remove it meanwhile. */
function taken(state: string, kept: string, outputDir: string): boolean {
  if (!existsSync(kept)) return false;
  try {
    utimesSync(state, new Date(), new Date());
    cpSync(kept, outputDir, { recursive: true });
    return true;
  } catch {
    return false;
  }
}

function make({ entry, afterBundling }: Package, outputDir: string): void {
  buildSync({
    entryPoints: [`${root}lambdas/${entry}`],
    outfile: join(outputDir, 'index.mjs'),
    absWorkingDir: root,
    // The SDK is bundled at the pinned version: the runtime's own changes under our feet.
    ...FOR_NODE,
  });
  if (afterBundling) execSync(afterBundling(outputDir), { cwd: root, stdio: ['ignore', process.stderr, 'inherit'] });
}

let known: string | undefined;

/** Changes when anything changes that packages of this checkout are made from. Its sources stay as they are during a synth. */
const stateOf = (): string => (known ??= stateOfSources(root));

/** The same of any folder. Vite builds another console where `NODE_ENV` is not production. */
export function stateOfSources(folder: string, mode = process.env['NODE_ENV'] ?? ''): string {
  const hash = createHash('sha256').update(`${process.version} ${mode}\n`);
  for (const source of SOURCES)
    hash.update(FileSystem.fingerprint(join(folder, source), { exclude: ['dist', 'node_modules'] }));
  return hash.digest('hex').slice(0, 32);
}

/** Leaves the newest states, and room for one more. */
function prune(keep: string): void {
  if (!existsSync(keep)) return;
  const timeOf = (name: string) => statSync(join(keep, name), { throwIfNoEntry: false })?.mtimeMs ?? 0;
  const found = readdirSync(keep).map((name) => ({ name, time: timeOf(name) }));
  for (const { name } of found.toSorted((a, b) => b.time - a.time).slice(KEPT - 1)) {
    // Away at once: who copies a package of it gets all of it, or none.
    const gone = join(keep, `gone-${randomUUID()}`);
    renameSync(join(keep, name), gone);
    rmSync(gone, { recursive: true, force: true });
  }
}
