/**
 * A stand-in for the distroless base, for machines that reach no registry: this machine's Node 24 with the libraries it is
 * linked with, the user and /tmp, where the base has them.
 */
import { execFileSync } from 'node:child_process';
import { chmodSync, copyFileSync, mkdirSync, realpathSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Writes a folder that an image can be built of. */
export function writeStandIn(folder: string): void {
  const root = join(folder, 'root');
  const put = (from: string, to: string) => {
    mkdirSync(dirname(join(root, to)), { recursive: true });
    copyFileSync(realpathSync(from), join(root, to));
  };
  put(process.execPath, 'nodejs/bin/node');
  // `libm.so.6 => /lib/x86_64-linux-gnu/libm.so.6 (0x…)`, and the loader, which has no arrow.
  const linked = execFileSync('ldd', [process.execPath], { encoding: 'utf8' });
  for (const [library] of linked.matchAll(/\/\S+/g)) put(library, library);
  mkdirSync(join(root, 'etc'));
  writeFileSync(join(root, 'etc/passwd'), 'nonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n');
  writeFileSync(join(root, 'etc/group'), 'nonroot:x:65532:\n');
  mkdirSync(join(root, 'tmp'));
  chmodSync(join(root, 'tmp'), 0o1777);
  writeFileSync(
    join(folder, 'Dockerfile'),
    'FROM scratch\nCOPY root/ /\nUSER 65532:65532\nENTRYPOINT ["/nodejs/bin/node"]\n',
  );
}
