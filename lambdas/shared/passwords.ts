/** Passwords that people type, kept so that whoever reads the table does not learn them. */
import { randomBytes, scrypt, timingSafeEqual, type ScryptOptions } from 'node:crypto';
import { promisify } from 'node:util';
import type { KeptPassword } from '../../lib/contract/link.ts';

/**
 * scrypt (RFC 7914) as OWASP's Password Storage Cheat Sheet has it for 32 MiB: about a quarter of a second of one core. What is
 * kept says what it was made by, so that these may grow.
 */
const COST = { N: 2 ** 15, r: 8, p: 3 } as const;
const SALT_BYTES = 16;
const HASH_BYTES = 32;

const derive = promisify<string, Buffer, number, ScryptOptions, Buffer>(scrypt);

/** Node refuses more than 32 MiB by itself; the bytes needed are 128 N r and a little. */
const hashOf = (password: string, salt: Buffer, { N, r, p }: Pick<KeptPassword, 'N' | 'r' | 'p'>): Promise<Buffer> =>
  // One letter can be written in two ways, by keyboards of two systems.
  derive(password.normalize('NFC'), salt, HASH_BYTES, { N, r, p, maxmem: 256 * N * r });

export async function keptPassword(password: string): Promise<KeptPassword> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await hashOf(password, salt, COST);
  return { ...COST, salt: salt.toString('base64url'), hash: hash.toString('base64url') };
}

export async function isPassword(password: string, kept: KeptPassword): Promise<boolean> {
  const hash = Buffer.from(kept.hash, 'base64url');
  const typed = await hashOf(password, Buffer.from(kept.salt, 'base64url'), kept);
  return hash.length === typed.length && timingSafeEqual(hash, typed);
}
