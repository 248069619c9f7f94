/** Protocol Buffers' wire format (protobuf.dev, "Encoding"), as much of it as is read of a licence's challenge. Pure. */

export interface Field {
  /** Of the message's definition, from 1 on. */
  readonly number: number;
  /** Of a varint its number, exact up to 2⁵³; of all else its bytes: a view. */
  readonly value: number | Buffer;
}

/** Bytes of a 64-bit varint. */
const LONGEST_VARINT = 10;
/** A tag is a 32-bit varint: the field's number above three bits of wire type. */
const MAX_TAG = 0xff_ff_ff_ff;
const WIRE_TYPES = 8;
/** Bytes by wire type, where they are fixed. */
const FIXED: Readonly<Record<number, number>> = { 1: 8, 5: 4 };

function varint(bytes: Buffer, at: number): { readonly value: number; readonly next: number } {
  let value = 0;
  for (let index = 0; index < LONGEST_VARINT; index++) {
    const byte = bytes[at + index];
    if (byte === undefined) break;
    value += (byte % 128) * 128 ** index;
    if (byte < 128) return { value, next: at + index + 1 };
  }
  throw new RangeError(`no varint at byte ${at} of ${bytes.length}`);
}

/** All fields of a message in their order, those that repeat each time. @throws RangeError where it is none, or has groups (deprecated). */
export function fieldsOf(bytes: Buffer): Field[] {
  const fields: Field[] = [];
  for (let at = 0; at < bytes.length;) {
    const { value: tag, next } = varint(bytes, at);
    const number = Math.floor(tag / WIRE_TYPES);
    if (number === 0 || tag > MAX_TAG) throw new RangeError(`no field at byte ${at} of ${bytes.length}`);
    const wire = tag % WIRE_TYPES;
    if (wire === 0) {
      const { value, next: end } = varint(bytes, next);
      fields.push({ number, value });
      at = end;
      continue;
    }
    const fixed = FIXED[wire];
    if (fixed === undefined && wire !== 2) throw new RangeError(`wire type ${wire} at byte ${at}`);
    const { value: length, next: from } = fixed === undefined ? varint(bytes, next) : { value: fixed, next };
    if (length > bytes.length - from) throw new RangeError(`a field of ${length} bytes does not fit at byte ${from}`);
    fields.push({ number, value: bytes.subarray(from, from + length) });
    at = from + length;
  }
  return fields;
}
