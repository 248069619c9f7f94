import { describe, expect, it } from 'vitest';
import { checkedUrl, nameOf, sourceAddress } from '../../../lambdas/pull/address.ts';

const rules = { allowPrivate: false, buckets: ['films'] };
const local = { allowPrivate: true, buckets: [] };

describe('addresses that are asked', () => {
  it.each([
    ['https://media.example.com/a/film.mp4', 'https://media.example.com/a/film.mp4'],
    [
      'https://media.example.com:443/film.mp4?X-Amz-Signature=abc#t=10',
      'https://media.example.com/film.mp4?X-Amz-Signature=abc',
    ],
    ['https://8.8.8.8/film.mp4', 'https://8.8.8.8/film.mp4'],
    ['https://[2606:4700::1111]/film.mp4', 'https://[2606:4700::1111]/film.mp4'],
  ])('%s', (text, asked) => {
    expect(sourceAddress(text, rules)).toEqual({ kind: 'https', url: new URL(asked) });
  });

  it('s3 of a bucket that is named, its key as it stands', () => {
    expect(sourceAddress('s3://films/a b/%41?x#y.mp4', rules)).toEqual({
      kind: 's3',
      bucket: 'films',
      key: 'a b/%41?x#y.mp4',
    });
  });
});

describe('addresses that are refused, with the reason', () => {
  it.each([
    ['http://media.example.com/film.mp4', 'Only https'],
    ['ftp://media.example.com/film.mp4', 'Only https'],
    ['file:///etc/passwd', 'Only https'],
    ['data:video/mp4;base64,AAAA', 'Only https'],
    ['gopher://127.0.0.1:25/x', 'Only https'],
    ['film.mp4', 'no address'],
    ['https://', 'no address'],
    ['https://user@media.example.com/film.mp4', 'name or a password'],
    ['https://user:secret@media.example.com/film.mp4', 'name or a password'],
    ['https://:secret@media.example.com/film.mp4', 'name or a password'],
    ['https://media.example.com:8443/film.mp4', 'Only port 443'],
    ['https://media.example.com:80/film.mp4', 'Only port 443'],
    ['https://127.0.0.1/film.mp4', 'loopback'],
    // All of these are 127.0.0.1, as the URL standard and every client read them.
    ['https://2130706433/film.mp4', 'loopback'],
    ['https://0x7f000001/film.mp4', 'loopback'],
    ['https://0x7f.1/film.mp4', 'loopback'],
    ['https://0177.0.0.1/film.mp4', 'loopback'],
    ['https://017700000001/film.mp4', 'loopback'],
    ['https://127.1/film.mp4', 'loopback'],
    ['https://127.0.0.1./film.mp4', 'loopback'],
    ['https://①②⑦.⓪.⓪.①/film.mp4', 'loopback'],
    ['https://%31%32%37.0.0.1/film.mp4', 'loopback'],
    ['https://0/film.mp4', 'this network'],
    ['https://169.254.169.254/latest/meta-data/', 'link-local'],
    ['https://2852039166/latest/meta-data/', 'link-local'],
    ['https://[::1]/film.mp4', 'loopback'],
    ['https://[::ffff:127.0.0.1]/film.mp4', 'IPv4'],
    ['https://[::ffff:7f00:1]/film.mp4', 'IPv4'],
    ['https://[::ffff:0x7f.1]/film.mp4', 'no address'],
    ['https://[64:ff9b::a9fe:a9fe]/film.mp4', 'NAT64'],
    ['https://[fd00:ec2::254]/film.mp4', 'private'],
    ['https://[fe80::1%25eth0]/film.mp4', 'no address'],
    ['https://[fe80::1]/film.mp4', 'link-local'],
    ['https://1.2.3.4.5/film.mp4', 'no address'],
    ['https://256.1.1.1/film.mp4', 'no address'],
    ['s3://secrets/film.mp4', 'upload.pullBuckets'],
    ['s3://films', 's3://bucket/key'],
    ['s3://films/', 's3://bucket/key'],
    ['S3://films/a.mp4', 's3://bucket/key'],
    ['s3:///a.mp4', 's3://bucket/key'],
  ])('%s: %s', (text, reason) => {
    expect(() => sourceAddress(text, rules)).toThrow(reason);
  });

  it.each([
    ['//169.254.169.254/x', 'link-local'],
    ['http://media.example.com/film.mp4', 'Only https'],
    ['https://a:b@media.example.com/film.mp4', 'name or a password'],
    ['//media.example.com:22/', 'Only port 443'],
    ['s3://films/a.mp4', 'Only https'],
  ])('a redirect to %s: %s', (location, reason) => {
    expect(() => checkedUrl(location, rules, new URL('https://media.example.com/a.mp4'))).toThrow(reason);
  });

  it('but a local run takes http, other ports and addresses of its own, never credentials', () => {
    expect(sourceAddress('http://127.0.0.1:8123/a.mp4', local)).toMatchObject({ kind: 'https' });
    expect(() => sourceAddress('http://u:p@127.0.0.1:8123/a.mp4', local)).toThrow('name or a password');
    expect(() => sourceAddress('file:///a.mp4', local)).toThrow('Only https');
  });
});

describe('what a file is called', () => {
  it.each([
    ['https://x.example/a/My%20film.mp4?sig=1', 'My film.mp4'],
    ['https://x.example/a/b/', 'b'],
    ['https://x.example/', 'source'],
    ['https://x.example/%E0%A4%A.mp4', '%E0%A4%A.mp4'],
    ['s3://films/2026/a%20b.mp4', 'a%20b.mp4'],
  ])('%s: %s', (text, name) => expect(nameOf(sourceAddress(text, rules))).toBe(name));

  it('is never longer than a record takes', () => {
    expect(nameOf(sourceAddress(`https://x.example/${'ä'.repeat(300)}`, rules))).toBe('ä'.repeat(255));
  });
});
