import { expect, it } from 'vitest';
import { Secrets } from './leaks.ts';

const SIGNATURE = 'MEUCIQDx~Yl3nKq-vWmBzZ0aR8tHk5uJ1oPcE7gSdLfXy2wIgTbN9';
const SECRET = 'abcdefghijklmnopqrstuvwxyz012345';
const JWT = 'abcHeader.c29tZSBwYXlsb2FkIHRoYXQgaXMgbG9uZw.c2lnbmF0dXJlLW9mLXRoZS10b2tlbg';

it.each([
  ['whole', `refused ${SIGNATURE}`],
  ['cut off', `refused ${SIGNATURE.slice(0, 17)}…`],
  ['with more behind it', `{"key":"${SIGNATURE}xyz"}`],
  ['in an address', `GET /vod/a?x=${SIGNATURE}&y`],
  ['one part of a token', '{"payload":"c29tZSBwYXlsb2FkIHRoYXQgaXMgbG9uZw"}'],
  ['behind a line end in JSON', String.raw`{"pem":"KEY\n${SIGNATURE}\n"}`],
  ["a link's secret without its id", `hash of ${SECRET}`],
  ['an unknown signature', 'url https://host/vod/a?Policy=x&Signature=A'],
  ['an unknown token', 'url /api/play/a/main.m3u8?token=q'],
  ['a JWT that nobody knew', 'claims eyJhbGciOiJFUzI1NiJ9'],
  ['a header', 'authorization: Bearer x'],
  ['a private key', '-----BEGIN EC PRIVATE KEY-----'],
])('finds a secret %s', (_, line) => {
  const secrets = new Secrets();
  for (const secret of [SIGNATURE, `ABCDEFGHIJKLMNOP.${SECRET}`, JWT]) secrets.add(secret);
  expect(secrets.leaksIn(['nothing', line, 'nothing'])).toEqual([line]);
});

it.each([
  ['what explains how to send one', 'Sign in, or add a playback token as ?token=, to watch this video.'],
  ["a link's id", 'link ABCDEFGHIJKLMNOP was ended'],
  ['a path with a ticket', '/vod/abcdefghij0123456789/s/0t9abcdAbCdEfGhIjKlMn09.Ab-_4567890.-.-/r3/video/720p.m3u8'],
  ['ids and times', '{"requestId":"6f1c7a52-0f7b-4b7e-9d3a-2a6c1f1d9e10","time":"2026-11-28T05:57:02.168Z"}'],
])('leaves %s alone', (_, line) => {
  const secrets = new Secrets();
  for (const secret of [SIGNATURE, `ABCDEFGHIJKLMNOP.${SECRET}`]) secrets.add(secret);
  expect(secrets.leaksIn([line])).toEqual([]);
});

it('knows what requests say and answers hand out', () => {
  const secrets = new Secrets();
  secrets.addRequest(`/vod/a?Policy=${'p'.repeat(30)}&Signature=${SIGNATURE}&Key-Pair-Id=K&expand=1`, {
    authorization: `Bearer ${JWT}`,
    cookie: `a=1; CloudFront-Signature=${'s'.repeat(30)}`,
  });
  secrets.addAnswer(
    `{"token":"${'t'.repeat(30)}","url":"/api/play/x?token=${'u'.repeat(30)}"} <a>?x=1&amp;Signature=${'v'.repeat(30)}</a>`,
    [`CloudFront-Policy=${'w'.repeat(30)}; Path=/`],
  );
  const expected = [SIGNATURE, JWT, ...'p s t u v w'.split(' ').map((letter) => letter.repeat(30))];
  expect([...secrets.all].toSorted()).toEqual(expected.toSorted());
});
