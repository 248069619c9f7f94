/** Rows of raw events as a file of Apache Parquet, and back. Zstandard, by Node's own zlib. */
import { parquetMetadata, parquetReadObjects, parquetSchema } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { createHash } from 'node:crypto';
import { zstdCompressSync, zstdDecompressSync } from 'node:zlib';
import { RAW_COLUMNS, type RawRow } from '../../lib/contract/raw-events.ts';

/** What a file is called: the same rows are the same file, in whichever order and however often they came. 128 bits. */
export const nameOf = (rows: readonly RawRow[]): string =>
  createHash('sha256').update(JSON.stringify(rows)).digest('hex').slice(0, 32);

export function toParquet(rows: readonly RawRow[]): Uint8Array {
  const columnData = RAW_COLUMNS.map(({ name, type, ...column }) => ({
    name,
    type,
    nullable: !('always' in column),
    data: rows.map((row) => row[name]),
  }));
  const written = parquetWriteBuffer({
    columnData,
    codec: 'ZSTD',
    compressors: { ZSTD: (bytes) => zstdCompressSync(bytes) },
    // One row group: a file is what one execution was handed, some ten thousands of rows at most.
    rowGroupSize: Math.max(1, rows.length),
    createdBy: 'sluice',
  });
  return new Uint8Array(written);
}

/** Throws where the file has columns that this version does not know, and would lose by writing it again. */
export async function ofParquet(bytes: Uint8Array): Promise<RawRow[]> {
  const file = new Uint8Array(bytes).buffer;
  const metadata = parquetMetadata(file);
  const known = new Set<string>(RAW_COLUMNS.map(({ name }) => name));
  const other = parquetSchema(metadata).children.find(({ element }) => !known.has(element.name));
  if (other !== undefined) throw new Error(`a later version wrote it: it has a column ${other.element.name}`);
  const rows = await parquetReadObjects({
    file,
    metadata,
    compressors: { ZSTD: (input) => new Uint8Array(zstdDecompressSync(input)) },
  });
  const none = Object.fromEntries(RAW_COLUMNS.map(({ name }) => [name, null]));
  return rows.map((row) => ({ ...none, ...row }) as unknown as RawRow);
}
