/**
 * ITU-T G.726 decoder, 16 to 40 kbit/s, clause 4 and the blocks of annex A's notation that its names come from
 * (INVERSE ADAPTIVE QUANTIZER, QUANTIZER SCALE FACTOR ADAPTATION, ADAPTATION SPEED CONTROL, ADAPTIVE PREDICTOR).
 * Integer arithmetic as the recommendation prescribes it; every value fits 32 bits.
 */

/** Bits in a sample: 2 for 16 kbit/s, 3 for 24, 4 for 32, 5 for 40. */
export type G726Bits = 2 | 3 | 4 | 5;
/** Which end of a byte the first code lies at: `little` is what cameras send (RFC 3551 4.5.4), `big` is AAL2's. */
export type G726Packing = 'little' | 'big';

interface Tables {
  /** log2 of the normalized quantizer output, by magnitude code (tables 7 to 10). -2048 stands for "zero". */
  readonly log: readonly number[];
  /** W(I), scale factor multipliers (4.4, times 16). */
  readonly scale: readonly number[];
  /** F(I), rate of change (4.5). */
  readonly speed: readonly number[];
}

const TABLES: Readonly<Record<G726Bits, Tables>> = {
  2: { log: [116, 365], scale: [-22, 439], speed: [0, 7] },
  3: { log: [-2048, 135, 273, 373], scale: [-4, 30, 137, 582], speed: [0, 1, 2, 7] },
  4: {
    log: [-2048, 4, 135, 213, 273, 323, 373, 425],
    scale: [-12, 18, 41, 64, 112, 198, 355, 1122],
    speed: [0, 0, 0, 1, 1, 1, 3, 7],
  },
  5: {
    log: [-2048, -66, 28, 104, 169, 224, 274, 318, 358, 395, 429, 459, 488, 514, 539, 566],
    scale: [14, 14, 24, 39, 40, 41, 58, 100, 141, 179, 219, 280, 358, 440, 529, 696],
    speed: [0, 0, 0, 0, 0, 1, 1, 1, 1, 1, 2, 3, 4, 5, 6, 6],
  },
};

/** A number in the predictor's floating point: sign, 4 bits of exponent, 6 of mantissa (FLOATA, FLOATB). */
interface Float {
  negative: boolean;
  exponent: number;
  mantissa: number;
}

const sign = (value: number): number => (value < 0 ? -1 : 1);
const limit = (value: number, low: number, high: number): number => Math.max(low, Math.min(high, value));

export class G726Decoder {
  readonly #bits: G726Bits;
  readonly #packing: G726Packing;
  readonly #leak: 8 | 9;
  readonly #tables: Tables;
  /** Predictor coefficients: a of order 2, b of order 6. */
  readonly #a = [0, 0];
  readonly #b = [0, 0, 0, 0, 0, 0];
  /** Past quantized differences and reconstructed signals. */
  readonly #dq: Float[] = Array.from({ length: 6 }, () => ({ negative: false, exponent: 0, mantissa: 32 }));
  readonly #sr: Float[] = Array.from({ length: 2 }, () => ({ negative: false, exponent: 0, mantissa: 32 }));
  /** Signs of the partially reconstructed signal, newest first. */
  readonly #pk: [number, number] = [1, 1];
  /** Scale factors: fast, slow, mixed (4.4). */
  #yu = 544;
  #yl = 34816;
  #y = 544;
  /** Speed control (4.5): short and long term averages, unlimited parameter. */
  #dms = 0;
  #dml = 0;
  #ap = 0;
  /** Tone detect. */
  #td = false;

  /**
   * `leak`: how slowly the zeros' coefficients are forgotten, a power of two. The recommendation (4.6, block UPB) says 9 at
   * 40 kbit/s and 8 below; ffmpeg's coders use 8 throughout.
   */
  constructor(bits: G726Bits, packing: G726Packing, leak: 8 | 9 = bits === 5 ? 9 : 8) {
    this.#bits = bits;
    this.#leak = leak;
    this.#packing = packing;
    this.#tables = TABLES[bits];
  }

  /** 16-bit samples, one for each whole code in `data`. State carries over from call to call. */
  decode(data: Uint8Array): Int16Array {
    const bits = this.#bits;
    const out = new Int16Array(Math.floor((data.length * 8) / bits));
    let held = 0;
    let count = 0;
    let at = 0;
    for (let i = 0; i < out.length; i += 1) {
      while (count < bits) {
        held = this.#packing === 'little' ? held | (data[at]! << count) : ((held << 8) | data[at]!) & 0xffff;
        count += 8;
        at += 1;
      }
      count -= bits;
      const mask = (1 << bits) - 1;
      if (this.#packing === 'little') {
        out[i] = this.#sample(held & mask);
        held >>= bits;
      } else {
        out[i] = this.#sample((held >> count) & mask);
      }
    }
    return out;
  }

  #sample(code: number): number {
    const negative = code >> (this.#bits - 1) === 1;
    // Negative codes count down: their magnitude is the ones' complement.
    const magnitude = negative ? ~code & ((1 << this.#bits) - 1) : code;
    const [se, sez] = this.#estimate();
    const size = this.#dequantize(magnitude);
    const dq = negative ? -size : size;
    const sr = toInt16(se + dq);
    const transition = this.#isTransition(size);
    this.#adaptPredictor(dq, negative, sr, sez + dq, transition);
    this.#adaptSpeed(magnitude, transition);
    this.#adaptScale(magnitude);
    return limit(sr * 4, -32768, 32767);
  }

  /** FMULT and ACCUM: signal estimate, and the part of it from the zeros alone. */
  #estimate(): [se: number, sez: number] {
    let zeros = 0;
    for (let i = 0; i < 6; i += 1) zeros += multiply(this.#b[i]! >> 2, this.#dq[i]!);
    let all = zeros;
    for (let i = 0; i < 2; i += 1) all += multiply(this.#a[i]! >> 2, this.#sr[i]!);
    return [all >> 1, zeros >> 1];
  }

  /** RECONST, ADDA and ANTILOG (4.3). */
  #dequantize(magnitude: number): number {
    const log = this.#tables.log[magnitude]! + (this.#y >> 2);
    if (log < 0) return 0;
    const exponent = (log >> 7) & 0x0f;
    return ((128 + (log & 0x7f)) << 7) >> (14 - exponent);
  }

  /** TRANS (4.7): a tone was heard and the difference is suddenly large. */
  #isTransition(size: number): boolean {
    const whole = this.#yl >> 15;
    const fraction = (this.#yl >> 10) & 0x1f;
    const threshold = whole > 9 ? 0x1f << 10 : (0x20 + fraction) << whole;
    return this.#td && size > (3 * threshold) >> 2;
  }

  /** UPA1, UPA2, LIMC, LIMD, UPB, XOR, TONE, TRIGB (4.6, 4.7). */
  #adaptPredictor(dq: number, negative: boolean, sr: number, partial: number, transition: boolean): void {
    const [pk1, pk2] = this.#pk;
    const pk0 = partial === 0 ? 0 : sign(partial);
    const a = this.#a;
    if (transition) {
      a.fill(0);
      this.#b.fill(0);
    } else {
      const f = limit((-a[0]! * pk1 * pk0) >> 5, -256, 255);
      a[1] = limit(a[1]! + 128 * pk0 * pk2 + f - (a[1]! >> 7), -12288, 12288);
      a[0] = limit(a[0]! + 192 * pk0 * pk1 - (a[0]! >> 8), a[1] - 15360, 15360 - a[1]);
      const direction = dq === 0 ? 0 : sign(dq);
      for (let i = 0; i < 6; i += 1) {
        this.#b[i]! += 128 * direction * (this.#dq[i]!.negative ? -1 : 1) - (this.#b[i]! >> this.#leak);
      }
    }
    this.#pk[1] = pk1;
    this.#pk[0] = pk0 === 0 ? 1 : pk0;
    shift(this.#sr, sr, sr < 0);
    shift(this.#dq, dq, negative);
    this.#td = a[1]! < -11776;
  }

  /** FUNCTF, FILTA, FILTB, SUBTC, FILTC, TRIGA (4.5). */
  #adaptSpeed(magnitude: number, transition: boolean): void {
    const f = this.#tables.speed[magnitude]! << 4;
    this.#dms += f + (-this.#dms >> 5);
    this.#dml += f + (-this.#dml >> 7);
    if (transition) {
      this.#ap = 256;
      return;
    }
    this.#ap += -this.#ap >> 4;
    const restless = Math.abs((this.#dms << 2) - this.#dml) >= this.#dml >> 3;
    if (this.#y <= 1535 || this.#td || restless) this.#ap += 0x20;
  }

  /** FUNCTW, FILTD, LIMB, FILTE, LIMA, MIX (4.4). */
  #adaptScale(magnitude: number): void {
    this.#yu = limit(this.#y + this.#tables.scale[magnitude]! + (-this.#y >> 5), 544, 5120);
    this.#yl += this.#yu + (-this.#yl >> 6);
    const al = this.#ap >= 256 ? 64 : this.#ap >> 2;
    this.#y = (this.#yl + (this.#yu - (this.#yl >> 6)) * al) >> 6;
  }
}

const toInt16 = (value: number): number => (value << 16) >> 16;

/** FLOATA, FLOATB: the oldest value goes, the new one comes first. */
function shift(line: Float[], value: number, negative: boolean): void {
  const float = line.pop()!;
  const magnitude = Math.abs(value);
  float.negative = negative;
  float.exponent = 32 - Math.clz32(magnitude);
  float.mantissa = magnitude === 0 ? 32 : (magnitude << 6) >> float.exponent;
  line.unshift(float);
}

/** FMULT: a coefficient of 14 bits times a floating-point signal. */
function multiply(coefficient: number, signal: Float): number {
  const magnitude = Math.abs(coefficient);
  const exponent = 32 - Math.clz32(magnitude);
  const mantissa = magnitude === 0 ? 32 : (magnitude << 6) >> exponent;
  const product = (signal.mantissa * mantissa + 48) >> 4;
  const power = signal.exponent + exponent - 19;
  const value = power >= 0 ? (product << power) & 0x7fff : product >> -power;
  return coefficient < 0 === signal.negative ? value : -value;
}
