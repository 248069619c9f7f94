/** Reads the bits of a parameter set. Reading past the end is an error of the sender: {@link BitsError}. */
export class BitsError extends Error {
  override name = 'BitsError';
}

/** RBSP bytes of a NAL unit: emulation_prevention_three_byte taken out (H.264 7.3.1, H.265 7.3.1.1). */
export function rbsp(nal: Buffer): Buffer {
  const out = Buffer.allocUnsafe(nal.length);
  let length = 0;
  let zeros = 0;
  for (const byte of nal) {
    if (zeros >= 2 && byte === 3) {
      zeros = 0;
      continue;
    }
    zeros = byte === 0 ? zeros + 1 : 0;
    out[length] = byte;
    length += 1;
  }
  return out.subarray(0, length);
}

export class BitReader {
  readonly #bytes: Buffer;
  #at = 0;

  constructor(bytes: Buffer) {
    this.#bytes = bytes;
  }

  /** Bits read so far. */
  get position(): number {
    return this.#at;
  }

  /** u(1). */
  flag(): boolean {
    return this.bit() === 1;
  }

  /** u(n), n at most 32. */
  bits(count: number): number {
    let value = 0;
    for (let i = 0; i < count; i += 1) value = value * 2 + this.bit();
    return value;
  }

  skip(count: number): void {
    this.#at += count;
  }

  /** ue(v), clause 9.1; at most 32 leading zeros. */
  unsigned(): number {
    let zeros = 0;
    while (this.bit() === 0) {
      zeros += 1;
      if (zeros > 32) throw new BitsError('an Exp-Golomb code of more than 32 leading zeros');
    }
    return 2 ** zeros - 1 + this.bits(zeros);
  }

  /** se(v), clause 9.1.1. */
  signed(): number {
    const code = this.unsigned();
    return code % 2 === 0 ? -(code / 2) : (code + 1) / 2;
  }

  private bit(): number {
    const byte = this.#bytes[this.#at >>> 3];
    if (byte === undefined) throw new BitsError('the parameter set ends early');
    const bit = (byte >>> (7 - (this.#at & 7))) & 1;
    this.#at += 1;
    return bit;
  }
}
