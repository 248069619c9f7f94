/** Devices' telephone codecs to 16-bit PCM at 8 kHz mono, one stream at a time. */
import type { AudioUnit, RawAudioCodec } from '../unit.ts';
import { decodeALaw, decodeMuLaw } from './g711.ts';
import { G726Decoder, type G726Bits, type G726Packing } from './g726.ts';
import { decodeIma } from './ima.ts';

/** Hz; what JT/T 1078 devices send these codecs at. */
export const TELEPHONE_RATE = 8000;
/** Samples in a G.726 packet: 40 ms, from which its size tells the bit rate. */
const G726_PACKET_SAMPLES = 320;

export class PcmDecoder {
  readonly #packing: G726Packing;
  #g726: { readonly bits: G726Bits; readonly decoder: G726Decoder } | undefined;
  #codec: RawAudioCodec | undefined;

  /** `packing` is for G.726 alone; cameras send `little`, but some use the other. */
  constructor(packing: G726Packing = 'little') {
    this.#packing = packing;
  }

  /** Any bytes decode to something; none to nothing. */
  decode(unit: Pick<AudioUnit, 'codec' | 'data'>): Int16Array {
    if (unit.codec !== this.#codec) this.#g726 = undefined;
    this.#codec = unit.codec;
    if (unit.codec === 'g711a') return decodeALaw(unit.data);
    if (unit.codec === 'g711u') return decodeMuLaw(unit.data);
    if (unit.codec === 'adpcm-ima') return decodeIma(unit.data).pcm;
    return this.#decodeG726(unit.data);
  }

  #decodeG726(data: Buffer): Int16Array {
    const bits = g726Bits(data.length) ?? this.#g726?.bits ?? 4;
    if (this.#g726?.bits !== bits) this.#g726 = { bits, decoder: new G726Decoder(bits, this.#packing) };
    return this.#g726.decoder.decode(data);
  }
}

/** Bits in a sample, from the size of a packet of 40 ms: 80, 120, 160 or 200 bytes. */
export function g726Bits(bytes: number): G726Bits | undefined {
  const bits = (bytes * 8) / G726_PACKET_SAMPLES;
  return bits === 2 || bits === 3 || bits === 4 || bits === 5 ? bits : undefined;
}
