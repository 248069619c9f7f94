/** IMA ADPCM (IMA Digital Audio Focus and Technical Working Groups, 1992) as cameras send it. */

const STEPS = [
  7, 8, 9, 10, 11, 12, 13, 14, 16, 17, 19, 21, 23, 25, 28, 31, 34, 37, 41, 45, 50, 55, 60, 66, 73, 80, 88, 97, 107, 118,
  130, 143, 157, 173, 190, 209, 230, 253, 279, 307, 337, 371, 408, 449, 494, 544, 598, 658, 724, 796, 876, 963, 1060,
  1166, 1282, 1411, 1552, 1707, 1878, 2066, 2272, 2499, 2749, 3024, 3327, 3660, 4026, 4428, 4871, 5358, 5894, 6484,
  7132, 7845, 8630, 9493, 10442, 11487, 12635, 13899, 15289, 16818, 18500, 20350, 22385, 24623, 27086, 29794, 32767,
];
/** By the three bits of magnitude. */
const INDEX_CHANGE = [-1, -1, -1, -1, 2, 4, 6, 8];
/** int16 little-endian predictor, step index, one byte unused. */
export const IMA_HEADER_BYTES = 4;

export interface ImaState {
  readonly predictor: number;
  readonly index: number;
}

/**
 * One packet: a state header of 4 bytes, then two samples in every byte, the **high** half first (WAV's IMA has the low
 * half first). Every packet carries its own state, so a lost one harms no other. Shorter than a header: no samples.
 */
export function decodeIma(packet: Buffer): { readonly pcm: Int16Array; readonly end: ImaState } {
  if (packet.length < IMA_HEADER_BYTES) return { pcm: new Int16Array(0), end: { predictor: 0, index: 0 } };
  let predictor = packet.readInt16LE(0);
  let index = Math.min(packet[2]!, STEPS.length - 1);
  const pcm = new Int16Array((packet.length - IMA_HEADER_BYTES) * 2);
  for (let i = 0; i < pcm.length; i += 1) {
    const byte = packet[IMA_HEADER_BYTES + (i >> 1)]!;
    const code = i % 2 === 0 ? byte >> 4 : byte & 0x0f;
    const step = STEPS[index]!;
    let change = step >> 3;
    if (code & 4) change += step;
    if (code & 2) change += step >> 1;
    if (code & 1) change += step >> 2;
    predictor = Math.max(-32768, Math.min(32767, code & 8 ? predictor - change : predictor + change));
    index = Math.max(0, Math.min(STEPS.length - 1, index + INDEX_CHANGE[code & 7]!));
    pcm[i] = predictor;
  }
  return { pcm, end: { predictor, index } };
}
