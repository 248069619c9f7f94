/** Boxes of the ISO base media file format (ISO/IEC 14496-12), put together from parts. For small boxes only. */

export const box = (type: string, ...parts: readonly Buffer[]): Buffer => {
  const size = parts.reduce((sum, part) => sum + part.length, 8);
  const header = Buffer.allocUnsafe(8);
  header.writeUInt32BE(size, 0);
  header.write(type, 4, 4, 'latin1');
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
