/**
 * HDR pictures (ITU-R BT.2100: PQ or HLG, wide gamut) as SDR ones (BT.709), by a table that ffmpeg's lut3d filter looks up.
 * Pure. Diffuse white of HDR (203 cd/m², ITU-R BT.2408) becomes nearly the white of SDR; what is brighter is rolled off.
 */

export type HdrTransfer = 'pq' | 'hlg';

/** cd/m²: of diffuse white (BT.2408), and of the brightest there is: PQ's own limit, and of the display HLG is meant for. */
const DIFFUSE_WHITE = 203;
const PEAK: Record<HdrTransfer, number> = { pq: 10_000, hlg: 1000 };

/** Linear light of PQ's signal, cd/m² (BT.2100 table 4). */
function pqLight(signal: number): number {
  const [m1, m2] = [2610 / 16_384, (2523 / 4096) * 128];
  const [c1, c2, c3] = [3424 / 4096, (2413 / 4096) * 32, (2392 / 4096) * 32];
  const power = signal ** (1 / m2);
  return 10_000 * (Math.max(0, power - c1) / (c2 - c3 * power)) ** (1 / m1);
}

/** Scene light, 0 to 1, of HLG's signal (BT.2100 table 5). */
function hlgScene(signal: number): number {
  const [a, b, c] = [0.178_832_77, 0.284_668_92, 0.559_910_73];
  return signal <= 0.5 ? signal ** 2 / 3 : (Math.exp((signal - c) / a) + b) / 12;
}

type Rgb = readonly [number, number, number];

const luminance = ([r, g, b]: Rgb): number => 0.2627 * r + 0.678 * g + 0.0593 * b;
const scaled = ([r, g, b]: Rgb, by: number): Rgb => [r * by, g * by, b * by];

/** Linear light on a display, cd/m², of a signal in BT.2020's colours. */
function light(signal: Rgb, transfer: HdrTransfer): Rgb {
  if (transfer === 'pq') return [pqLight(signal[0]), pqLight(signal[1]), pqLight(signal[2])];
  const scene: Rgb = [hlgScene(signal[0]), hlgScene(signal[1]), hlgScene(signal[2])];
  // The OOTF of a display of 1,000 cd/m²: gamma 1.2 of the luminance.
  return scaled(scene, PEAK.hlg * luminance(scene) ** 0.2);
}

/** From this share of SDR's white on, light is rolled off. */
const KNEE = 0.75;

/** Light relative to diffuse white, brought below 1: unchanged up to the knee, then ever more slowly up to the peak. */
export function rolledOff(relative: number, transfer: HdrTransfer): number {
  if (relative <= KNEE) return relative;
  const most = (PEAK[transfer] / DIFFUSE_WHITE - KNEE) / (1 - KNEE);
  const over = Math.min(most, (relative - KNEE) / (1 - KNEE));
  // Reinhard's curve with a white of `most`: begins with slope 1, ends at 1.
  return KNEE + (1 - KNEE) * ((over * (1 + over / most ** 2)) / (1 + over));
}

/** From BT.2020's primaries to BT.709's (BT.2407, by way of XYZ). */
const narrower = ([r, g, b]: Rgb): Rgb => [
  1.6605 * r - 0.5876 * g - 0.0728 * b,
  -0.1246 * r + 1.1329 * g - 0.0083 * b,
  -0.0182 * r - 0.1006 * g + 1.1187 * b,
];

/** Colours outside are drawn towards gray of their luminance, so that they keep their hue. */
function within(rgb: Rgb): Rgb {
  const gray = Math.min(1, Math.max(0, 0.2126 * rgb[0] + 0.7152 * rgb[1] + 0.0722 * rgb[2]));
  const low = Math.min(...rgb);
  const high = Math.max(...rgb);
  const share = Math.min(1, low < 0 ? gray / (gray - low) : 1, high > 1 ? (1 - gray) / (high - gray) : 1);
  const at = (value: number) => Math.min(1, Math.max(0, gray + share * (value - gray)));
  return [at(rgb[0]), at(rgb[1]), at(rgb[2])];
}

/** A display's signal for linear light (BT.1886: gamma 2.4), as BT.709 pictures are seen. */
const displayed = (linear: number): number => linear ** (1 / 2.4);

/** An SDR signal (BT.709, 0 to 1) for an HDR one (BT.2020 colours, 0 to 1). */
export function toneMapped(signal: Rgb, transfer: HdrTransfer): Rgb {
  const relative = scaled(light(signal, transfer), 1 / DIFFUSE_WHITE);
  // One factor for all three, or hues would turn; by the brightest, or bright colours would become white.
  const bright = Math.max(...relative);
  const mapped = bright > 0 ? scaled(relative, rolledOff(bright, transfer) / bright) : relative;
  const [r, g, b] = within(narrower(mapped));
  return [displayed(r), displayed(g), displayed(b)];
}

/** Points along each side: between them is a straight line, in a signal that is even to the eye. */
const POINTS = 33;

/** The table as a `.cube` file (Adobe's Cube LUT Specification 1.0): red runs fastest. */
export function toneCube(transfer: HdrTransfer): string {
  const lines = [`LUT_3D_SIZE ${POINTS}`];
  const at = (index: number) => index / (POINTS - 1);
  for (let b = 0; b < POINTS; b += 1)
    for (let g = 0; g < POINTS; g += 1)
      for (let r = 0; r < POINTS; r += 1)
        lines.push(
          toneMapped([at(r), at(g), at(b)], transfer)
            .map((value) => value.toFixed(6))
            .join(' '),
        );
  return `${lines.join('\n')}\n`;
}
