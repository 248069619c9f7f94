/** What a player makes of a media playlist of encrypted segments: by somebody else's parser, and by WebCrypto. */
import { webcrypto } from 'node:crypto';
import { Parser } from 'm3u8-parser';

interface Opened {
  /** Each segment's bytes in clear, by its address without a query. */
  readonly segments: ReadonlyMap<string, Buffer>;
  /** Addresses of keys, each once, in the order they are needed. */
  readonly keys: readonly string[];
  readonly ended: boolean;
}

interface Listed {
  readonly uri: string;
  readonly key?: { readonly method: string; readonly uri: string; readonly iv?: Uint32Array };
  readonly map?: { readonly uri: string; readonly key?: unknown };
}

/** `read`: by an address as the playlist says it, without its query. @throws Error for a segment that is not encrypted so */
export async function openPlaylist(text: string, read: (address: string) => Promise<Buffer>): Promise<Opened> {
  const parser = new Parser();
  parser.push(text);
  parser.end();
  const { segments, endList } = parser.manifest as unknown as { segments: Listed[]; endList?: boolean };
  const bare = (uri: string) => uri.split('?', 1)[0]!;
  const opened = new Map<string, Buffer>();
  const keys: string[] = [];
  for (const { uri, key, map } of segments) {
    if (key?.method !== 'AES-128' || key.iv === undefined) throw new Error(`${uri} has no key and vector`);
    if (map?.key !== undefined) throw new Error('the initialization section is said to be encrypted');
    if (keys.at(-1) !== bare(key.uri)) keys.push(bare(key.uri));
    const iv = Buffer.alloc(16);
    for (const [i, word] of key.iv.entries()) iv.writeUInt32BE(word, i * 4);
    const raw = await read(bare(key.uri));
    const imported = await webcrypto.subtle.importKey('raw', raw, 'AES-CBC', false, ['decrypt']);
    const clear = await webcrypto.subtle.decrypt({ name: 'AES-CBC', iv }, imported, await read(bare(uri)));
    opened.set(bare(uri), Buffer.from(clear));
  }
  return { segments: opened, keys, ended: endList === true };
}
