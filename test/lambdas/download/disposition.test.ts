import { describe, expect, it } from 'vitest';
import { attachment, safeName, splitEnding } from '../../../lambdas/download/disposition.ts';

describe('a name for a file', () => {
  it.each([
    ['Our film', 'Our film.mp4'],
    ['a/b\\c:d*e?f"g<h>i|j', 'a b c d e f g h i j.mp4'],
    ['../../etc/passwd', 'etc passwd.mp4'],
    ['...', 'video.mp4'],
    ['', 'video.mp4'],
    ['a\r\nSet-Cookie: x', 'a Set-Cookie x.mp4'],
    ['con', '_con.mp4'],
    ['COM1.old', '_COM1.old.mp4'],
    // Turns the text around: on a screen it would end in `.exe`.
    ['film\u202Eexe.', 'film exe.mp4'],
    ['half \uD800 pair', 'half \uFFFD pair.mp4'],
    ['Größe 映画', 'Größe 映画.mp4'],
    ['ü'.repeat(150), `${'ü'.repeat(98)}.mp4`],
  ])('%j: %j', (name, safe) => expect(safeName(name, '.mp4')).toBe(safe));

  it.each([
    ['film.MOV', ['film', '.MOV']],
    ['a.b.mp4', ['a.b', '.mp4']],
    ['film', ['film', '']],
    ['.mp4', ['.mp4', '']],
    ['a.mp4/..', ['a.mp4/..', '']],
    ['a.m p', ['a.m p', '']],
  ])('%j ends so: %j', (name, parts) => expect(splitEnding(name)).toEqual(parts));
});

describe('Content-Disposition', () => {
  it.each([
    ['Our film.mp4', `attachment; filename="Our film.mp4"; filename*=UTF-8''Our%20film.mp4`],
    [
      "Größe (it's) 映.mp4",
      `attachment; filename="Gro_e (it's) _.mp4"; filename*=UTF-8''Gr%C3%B6%C3%9Fe%20%28it%27s%29%20%E6%98%A0.mp4`,
    ],
    ['100 %.mp4', `attachment; filename="100 _.mp4"; filename*=UTF-8''100%20%25.mp4`],
  ])('%s', (name, header) => expect(attachment(name)).toBe(header));
});
