import { describe, expect, it } from 'vitest';
import { refusalOf } from '../../../web/src/video/refusal.ts';

const NOW = Date.UTC(2026, 4, 3, 15);
const token = (claims: object) =>
  ['{"alg":"HS256"}', JSON.stringify(claims), 'signature']
    .map((part) => Buffer.from(part).toString('base64url'))
    .join('.');
const of = (status: number, given?: string, detail = 'The API says so.', code = `http-${status}`) =>
  refusalOf({ status, code, detail, token: given, now: NOW, spoken: (at) => new Date(at).toISOString() });

describe('why a video’s address shows none', () => {
  it('says of a link that has ended that it has, and since when', () => {
    const { title, sentence, maySignIn } = of(401, token({ exp: NOW / 1000 - 60 }));
    expect(title).toBe('This link has ended');
    expect(sentence).toContain('2026-05-03T14:59:00.000Z');
    expect(maySignIn).toBe(true);
  });

  it('tells a link that is broken from one that is for something else', () => {
    const whole = token({ exp: NOW / 1000 + 60 });
    expect(of(401, whole).title).toBe('This link is not for this video');
    for (const broken of [whole.slice(0, 40), 'x', '', '..', token({}), token({ exp: 'soon' })])
      expect(of(401, broken).title, broken).toBe('This link is not whole');
  });

  it('names what else there is, each by its own name, and asks again only where that helps', () => {
    const each = [
      of(401),
      of(403),
      of(403, token({ exp: NOW })),
      of(404, token({ exp: NOW })),
      of(409, undefined, 'The video is still being processed (status probed, 40 %). Try again shortly.'),
      of(0),
      of(503),
      of(409, undefined, 'You are watching elsewhere already.', 'too-many-sessions'),
      of(410, undefined, 'The owner has ended it.', 'session-ended'),
    ];
    expect(new Set(each.map(({ title }) => title)).size).toBe(each.length);
    expect(each.map(({ askIn }) => askIn !== undefined)).toEqual([
      false,
      false,
      false,
      false,
      true,
      true,
      true,
      false,
      false,
    ]);
    expect(each[4]!.sentence).toContain('40 %');
  });
});
