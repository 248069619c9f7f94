/** Map tiles of one colour: from a tiny server, and as one PMTiles file. */
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { crc32, deflateSync } from 'node:zlib';

export interface TileServer {
  /** With `{z}`, `{x}` and `{y}`; a name that is loopback in browsers, and that no policy lets through by chance. */
  readonly template: string;
  readonly asked: readonly string[];
  close(): Promise<void>;
}

export async function serveTiles(colour: readonly [number, number, number]): Promise<TileServer> {
  const tile = png(colour);
  const asked: string[] = [];
  const server = createServer((request, response) => {
    asked.push(request.url ?? '');
    response.writeHead(200, { 'content-type': 'image/png', 'access-control-allow-origin': '*' });
    response.end(tile);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as AddressInfo;
  return {
    template: `http://tiles.localhost:${port}/osm/{z}/{x}/{y}.png`,
    asked,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** PMTiles, version 3: one entry of the directory says that all tiles down to zoom 15 are the same one. */
export function tileArchive(colour: readonly [number, number, number], kind: 'png' | 'vector' = 'png'): Buffer {
  const tile = png(colour);
  const zoom = 15;
  const count = (4 ** (zoom + 1) - 1) / 3;
  // How many entries; then of each its first tile, how many tiles it is, its length, and its offset and one.
  const directory = Buffer.from([1, 0, count, tile.length, 1].flatMap(varint));
  const metadata = Buffer.from('{}');
  const header = Buffer.alloc(127);
  header.write('PMTiles', 'latin1');
  header.writeUInt8(3, 7);
  const data = header.length + directory.length + metadata.length;
  const places = [header.length, directory.length, data - metadata.length, metadata.length, data, 0, data, tile.length];
  for (const [i, value] of [...places, count, 1, 1].entries()) header.writeBigUInt64LE(BigInt(value), 8 + 8 * i);
  // In order; neither directory nor tiles are compressed.
  header.set([1, 1, 1, kind === 'png' ? 2 : 1, 0, zoom], 96);
  for (const [i, degrees] of [-180, -85, 180, 85].entries()) header.writeInt32LE(degrees * 1e7, 102 + 4 * i);
  return Buffer.concat([header, directory, metadata, tile]);
}

/** Seven bits a byte, the lowest first (LEB128). */
const varint = (value: number): number[] =>
  value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))];

/** 256 by 256 pixels of one colour (PNG, second edition: IHDR, IDAT, IEND). */
function png([r, g, b]: readonly [number, number, number]): Buffer {
  const side = 256;
  const header = Buffer.alloc(13);
  header.writeUInt32BE(side, 0);
  header.writeUInt32BE(side, 4);
  // Eight bits, true colour.
  header.set([8, 2, 0, 0, 0], 8);
  const row = Buffer.concat([
    Buffer.from([0]),
    Buffer.concat(Array.from({ length: side }, () => Buffer.from([r, g, b]))),
  ]);
  const pixels = deflateSync(Buffer.concat(Array.from({ length: side }, () => row)));
  const signature = Buffer.from([0x89, 0x50, 0x4e, 0x47, 0x0d, 0x0a, 0x1a, 0x0a]);
  return Buffer.concat([signature, chunk('IHDR', header), chunk('IDAT', pixels), chunk('IEND', Buffer.alloc(0))]);
}

function chunk(type: string, data: Buffer): Buffer {
  const length = Buffer.alloc(4);
  length.writeUInt32BE(data.length);
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data]);
  const sum = Buffer.alloc(4);
  sum.writeUInt32BE(crc32(body));
  return Buffer.concat([length, body, sum]);
}
