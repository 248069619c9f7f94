/** Sound with a known shape in every codec devices use, and what can be heard of it afterwards. */
import {
  AAC_FRAME_SAMPLES,
  TELEPHONE_AAC,
  audioSpecificConfig,
} from '../../../../containers/ingest/src/media/audio/aac.ts';
import type { RawAudioCodec } from '../../../../containers/ingest/src/media/unit.ts';
import { toALaw } from '../../../../local/device/sound.ts';
import { ffmpeg } from '../streams.ts';

export const RATE = 8000;
/** Samples of a packet of 40 ms. */
export const PACKET = 320;
export const TONE_HZ = 1000;
export const AMPLITUDE = 8000;

/** A tone while `sounds` of the millisecond says so, else nothing. */
export function signal(milliseconds: number, sounds: (at: number) => boolean): Int16Array {
  return Int16Array.from({ length: milliseconds * 8 }, (_, i) =>
    sounds(i / 8) ? Math.round(AMPLITUDE * Math.sin((2 * Math.PI * TONE_HZ * i) / RATE)) : 0,
  );
}

/** The signal as a device sends it, in packets of 40 ms. G.726 has 24 kbit/s, ADPCM its header of four bytes. */
export function packets(codec: RawAudioCodec, pcm: Int16Array): Buffer[] {
  const whole = pcm.subarray(0, pcm.length - (pcm.length % PACKET));
  const cut = (bytes: Buffer, size: number) =>
    Array.from({ length: whole.length / PACKET }, (_, i) => bytes.subarray(i * size, (i + 1) * size));
  if (codec === 'g711a') return cut(Buffer.from(Array.from(whole, toALaw)), PACKET);
  if (codec === 'g711u') return cut(encoded('-c:a pcm_mulaw -f mulaw -', whole), PACKET);
  if (codec === 'g726') return cut(encoded('-c:a g726le -b:a 24k -f g726le -', whole), (PACKET * 3) / 8);
  return ima(whole);
}

const bytesOf = (pcm: Int16Array): Buffer => Buffer.from(pcm.buffer, pcm.byteOffset, pcm.byteLength);
const encoded = (args: string, pcm: Int16Array): Buffer =>
  ffmpeg(`-f s16le -ar ${RATE} -ac 1 -i - ${args}`, bytesOf(pcm));

/** One frame of AAC with an ADTS header each, by ffmpeg's own encoder. */
export function adtsFrames(pcm: Int16Array): Buffer[] {
  const file = encoded('-c:a aac -b:a 24k -f adts -', pcm);
  const frames: Buffer[] = [];
  for (let at = 0; at < file.length;) {
    const length = ((file[at + 3]! & 3) << 11) | (file[at + 4]! << 3) | (file[at + 5]! >> 5);
    frames.push(file.subarray(at, at + length));
    at += length;
  }
  return frames;
}

/** ffmpeg's IMA blocks hold the low half of a byte first and the predictor's first sample in the header; devices', neither. */
function ima(pcm: Int16Array): Buffer[] {
  const steps = Array.from({ length: 89 }, (_, i) => STEPS[i]!);
  let predictor = 0;
  let index = 0;
  return Array.from({ length: pcm.length / PACKET }, (_, packet) => {
    const out = Buffer.alloc(4 + PACKET / 2);
    out.writeInt16LE(predictor, 0);
    out[2] = index;
    for (let i = 0; i < PACKET; i += 1) {
      const step = steps[index]!;
      let rest = Math.abs(pcm[packet * PACKET + i]! - predictor);
      const negative = pcm[packet * PACKET + i]! < predictor;
      let code = 0;
      let change = step >> 3;
      for (const [bit, part] of [
        [4, step],
        [2, step >> 1],
        [1, step >> 2],
      ] as const) {
        if (rest < part) continue;
        code |= bit;
        rest -= part;
        change += part;
      }
      predictor = Math.max(-32_768, Math.min(32_767, negative ? predictor - change : predictor + change));
      index = Math.max(0, Math.min(88, index + [-1, -1, -1, -1, 2, 4, 6, 8][code]!));
      out[4 + (i >> 1)]! |= (negative ? code | 8 : code) << (i % 2 === 0 ? 4 : 0);
    }
    return out;
  });
}

/** The IMA step sizes, as their definition has them: each 1.1 times the one before, from 7. */
const STEPS =
  '7 8 9 10 11 12 13 14 16 17 19 21 23 25 28 31 34 37 41 45 50 55 60 66 73 80 88 97 107 118 130 143 157 173 190 209 230 253 279 307 337 371 408 449 494 544 598 658 724 796 876 963 1060 1166 1282 1411 1552 1707 1878 2066 2272 2499 2749 3024 3327 3660 4026 4428 4871 5358 5894 6484 7132 7845 8630 9493 10442 11487 12635 13899 15289 16818 18500 20350 22385 24623 27086 29794 32767'
    .split(' ')
    .map(Number);

/** AAC frames to samples, by ffmpeg. */
export function decodeAac(frames: readonly Uint8Array[]): Int16Array {
  const [a, b] = audioSpecificConfig(TELEPHONE_AAC) as unknown as [number, number];
  const index = ((a & 7) << 1) | (b >> 7);
  const file = Buffer.concat(
    frames.flatMap((frame) => {
      const length = frame.length + 7;
      const header = [0xff, 0xf1, 0x40 | (index << 2), (1 << 6) | (length >> 11)];
      return [Buffer.from([...header, (length >> 3) & 0xff, ((length & 7) << 5) | 0x1f, 0xfc]), Buffer.from(frame)];
    }),
  );
  const pcm = ffmpeg('-xerror -err_detect explode -f aac -i - -f s16le -', file);
  const samples = new Int16Array(pcm.buffer.slice(pcm.byteOffset, pcm.byteOffset + pcm.length));
  if (samples.length !== frames.length * AAC_FRAME_SAMPLES) throw new Error(`${samples.length} samples`);
  return samples;
}

/** Amplitude of one frequency in a stretch (Goertzel). */
export function amplitude(pcm: Int16Array, hz = TONE_HZ): number {
  let [re, im] = [0, 0];
  pcm.forEach((sample, i) => {
    re += sample * Math.cos((2 * Math.PI * hz * i) / RATE);
    im += sample * Math.sin((2 * Math.PI * hz * i) / RATE);
  });
  return (2 * Math.hypot(re, im)) / Math.max(1, pcm.length);
}

/** The frequency, of those the ear might take it for, that is loudest. */
export const loudest = (pcm: Int16Array): number =>
  Array.from({ length: 75 }, (_, i) => 200 + i * 50).reduce((best, hz) =>
    amplitude(pcm, hz) > amplitude(pcm, best) ? hz : best,
  );

/** Milliseconds at which the sound rises above half the tone's loudness, after at least 100 ms of quiet. */
export function onsets(pcm: Int16Array): number[] {
  const found: number[] = [];
  const threshold = AMPLITUDE / 2;
  let quietSince = -Infinity;
  for (let i = 0; i < pcm.length; i += 1) {
    if (Math.abs(pcm[i]!) < threshold) continue;
    if (i - quietSince > RATE / 10) found.push(i / 8);
    quietSince = i;
  }
  return found;
}
