/** Sound that needs no encoder: G.711 A-law of a tone, 40 ms a packet as most devices send it. */

/** Samples, and bytes, of a packet: 40 ms of 8 kHz. */
export const G711_BYTES = 320;
export const G711_MILLISECONDS = 40;

/** ITU-T G.711 table 1a: sign, 3 bits of segment, 4 of step, even bits inverted. `sample` has 16 bits. */
export function toALaw(sample: number): number {
  const magnitude = Math.min(0x7fff, sample < 0 ? -sample - 1 : sample);
  let segment = 7;
  while (segment > 0 && magnitude < 0x80 << segment) segment -= 1;
  const step = (magnitude >> (segment === 0 ? 4 : segment + 3)) & 0x0f;
  return ((sample < 0 ? 0 : 0x80) | (segment << 4) | step) ^ 0x55;
}

/** `milliseconds` of a 440 Hz tone with a beep four times as high each second, in packets. */
export function g711Tone(milliseconds: number): Buffer[] {
  const packets: Buffer[] = [];
  for (let packet = 0; (packet + 1) * G711_MILLISECONDS <= milliseconds; packet += 1) {
    const bytes = Buffer.allocUnsafe(G711_BYTES);
    for (let i = 0; i < G711_BYTES; i += 1) {
      const at = (packet * G711_BYTES + i) / 8000;
      const beep = at % 1 < 0.1 ? 0.3 * Math.sin(2 * Math.PI * 1760 * at) : 0;
      bytes[i] = toALaw(Math.round(12_000 * (0.3 * Math.sin(2 * Math.PI * 440 * at) + beep)));
    }
    packets.push(bytes);
  }
  return packets;
}
