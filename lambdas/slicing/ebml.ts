/** The start of a Matroska or WebM file (RFC 8794, RFC 9559): enough to see whether it was cut short. */

const EBML = 0x1a45dfa3;
const SEGMENT = 0x18538067;

/** Reads a variable-size integer (RFC 8794 4); `undefined` value: unknown size (all data bits set). */
function vint(
  bytes: Buffer,
  offset: number,
  keepMarker: boolean,
): { value: number | undefined; next: number } | undefined {
  const first = bytes[offset];
  if (first === undefined || first === 0) return undefined;
  const length = Math.clz32(first) - 23;
  if (offset + length > bytes.length) return undefined;
  let value = keepMarker ? first : first & (0xff >> length);
  let unknown = !keepMarker && value === 0xff >> length;
  for (let index = 1; index < length; index += 1) {
    const byte = bytes[offset + index]!;
    unknown &&= byte === 0xff;
    value = value * 256 + byte;
  }
  return { value: unknown ? undefined : value, next: offset + length };
}

/**
 * Undefined when this is no EBML file; else whether its Segment says how long it is, and whether it runs past `size`, the
 * bytes of the whole file.
 */
export function readEbml(head: Buffer, size: number): { sized: boolean; truncated: boolean } | undefined {
  let offset = 0;
  for (let index = 0; index < 8; index += 1) {
    const id = vint(head, offset, true);
    const length = id && vint(head, id.next, false);
    if (index === 0 && id?.value !== EBML) return undefined;
    if (!id || !length) break;
    if (id.value === SEGMENT) {
      const sized = length.value !== undefined;
      return { sized, truncated: sized && length.next + length.value! > size };
    }
    if (length.value === undefined) break;
    offset = length.next + length.value;
  }
  return { sized: false, truncated: false };
}
