/** ITU-T G.711: 8-bit logarithmic samples to 16-bit linear ones, by table. */

/** Table 1a/G.711: even bits inverted; sign, 3 bits of segment, 4 of step. */
function fromALaw(code: number): number {
  const value = code ^ 0x55;
  const segment = (value >> 4) & 7;
  const step = ((value & 0x0f) << 4) + 8;
  const magnitude = segment === 0 ? step : (step + 0x100) << (segment - 1);
  return (value & 0x80) === 0 ? -magnitude : magnitude;
}

/** Table 2a/G.711: all bits inverted; magnitudes are offset by 33 of 14 bits, 132 of 16. */
function fromMuLaw(code: number): number {
  const value = ~code & 0xff;
  const magnitude = ((((value & 0x0f) << 3) + 0x84) << ((value >> 4) & 7)) - 0x84;
  return (value & 0x80) === 0 ? magnitude : -magnitude;
}

const A_LAW = Int16Array.from({ length: 256 }, (_, code) => fromALaw(code));
const MU_LAW = Int16Array.from({ length: 256 }, (_, code) => fromMuLaw(code));

export const decodeALaw = (data: Uint8Array): Int16Array => expand(data, A_LAW);
export const decodeMuLaw = (data: Uint8Array): Int16Array => expand(data, MU_LAW);

function expand(data: Uint8Array, table: Int16Array): Int16Array {
  const out = new Int16Array(data.length);
  for (let i = 0; i < data.length; i += 1) out[i] = table[data[i]!]!;
  return out;
}
