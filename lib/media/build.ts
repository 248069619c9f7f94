/**
 * Boxes of the ISO base media file format (ISO/IEC 14496-12), written: put together from parts, which is for small ones
 * such as an initialization section's, or into memory that is there already, which is for what is written every second.
 */

/** A box around its parts. */
export const box = (type: string, ...parts: readonly Buffer[]): Buffer => {
  const size = parts.reduce((sum, part) => sum + part.length, 8);
  const header = Buffer.allocUnsafe(8);
  writeHeader(header, 0, size, type);
  return Buffer.concat([header, ...parts], size);
};

/** A box with version (8 bits) and flags (24 bits), 4.2. */
export const fullBox = (type: string, version: number, flags: number, ...parts: readonly Buffer[]): Buffer =>
  box(type, u32(version * 0x1000000 + flags), ...parts);

export const u8 = (...values: readonly number[]): Buffer => Buffer.from(values);

export function u16(...values: readonly number[]): Buffer {
  const out = Buffer.allocUnsafe(2 * values.length);
  values.forEach((value, i) => out.writeUInt16BE(value, 2 * i));
  return out;
}

export function u32(...values: readonly number[]): Buffer {
  const out = Buffer.allocUnsafe(4 * values.length);
  values.forEach((value, i) => out.writeUInt32BE(value, 4 * i));
  return out;
}

export const text = (value: string): Buffer => Buffer.from(value, 'latin1');

export const zeros = (count: number): Buffer => Buffer.alloc(count);

/** Writes a box's header at `at`; `bytes` with it. @returns where its content begins. */
export function writeHeader(out: Buffer, at: number, bytes: number, type: string): number {
  out.writeUInt32BE(bytes, at);
  out.write(type, at + 4, 4, 'latin1');
  return at + 8;
}
