/** What of folders, lists and links is sent. */
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UsageError } from '../../../local/upload/command.ts';
import { findSources } from '../../../local/upload/files.ts';

let folder = '';
const at = (name: string) => join(folder, name);
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'sluice-files-'));
  await mkdir(at('library/sub'), { recursive: true });
});
afterEach(() => rm(folder, { recursive: true }));
const write = (...names: readonly string[]) => Promise.all(names.map((name) => writeFile(at(name), name)));

describe('a folder', () => {
  it('is sent with its sound, and with what its links lead to', async () => {
    await write('elsewhere.mp4', 'library/a.mp4', 'library/b.m4a', 'library/sub/c.MP3', 'library/d.wav');
    await write('library/e.opus', 'library/f.ogg', 'library/notes.txt', 'library/.hidden.mp4');
    await symlink(at('elsewhere.mp4'), at('library/link.mp4'));
    const { sources, others, failures } = await findSources({ sources: [at('library')], lists: [] });
    const names = ['a.mp4', 'b.m4a', 'd.wav', 'e.opus', 'f.ogg', 'link.mp4', 'sub/c.MP3'];
    expect(sources).toEqual(names.map((name) => at(`library/${name}`)));
    expect([others, failures]).toEqual([2, []]);
  });

  it('has links to nothing and to folders named as failed, and is not walked round in circles', async () => {
    await write('library/a.mp4');
    await symlink(at('gone.mp4'), at('library/gone.mp4'));
    await symlink(at('library'), at('library/sub/up'));
    const { sources, failures } = await findSources({ sources: [at('library')], lists: [] });
    expect(sources).toEqual([at('library/a.mp4')]);
    expect(failures.toSorted((a, b) => a.source.localeCompare(b.source))).toEqual([
      { source: at('library/gone.mp4'), reason: 'is a link to nothing' },
      { source: at('library/sub/up'), reason: 'is a link to a folder; name that itself' },
    ]);
  });
});

describe('what is not there', () => {
  it('fails alone, and the rest is sent', async () => {
    await write('a.mp4', 'b.mp4');
    await writeFile(at('list.txt'), 'a.mp4\nnone.mp4\nb.mp4\n');
    const { sources, failures } = await findSources({ sources: [at('missing')], lists: [at('list.txt')] });
    expect(sources).toEqual([at('a.mp4'), at('b.mp4')]);
    expect(failures).toEqual([
      { source: at('missing'), reason: 'there is no such file or folder' },
      { source: at('none.mp4'), reason: `there is no such file or folder (in ${at('list.txt')})` },
    ]);
  });

  it('ends the command where there is nothing else', async () => {
    await expect(findSources({ sources: [at('none.mp4')], lists: [] })).rejects.toThrow(UsageError);
    await expect(findSources({ sources: [at('library')], lists: [] })).rejects.toThrow(/no video or sound/);
  });
});
