/**
 * The AAC encoder: FFmpeg's, as WebAssembly, from `@mediabunny/aac-encoder`. That package's own interface takes a thread and
 * a copy of the program for each stream, so the module inside it is used directly: one copy holds all streams' encoders.
 * It is loaded as the file it comes in, unchanged: FFmpeg is under the LGPL, and whoever wants to may put another there.
 */
import { TELEPHONE_AAC, audioSpecificConfig } from '../media/audio/aac.ts';

/** bit/s; what telephone sound needs to lose nothing more that one hears. */
const BIT_RATE = 24_000;
const FLOAT_BYTES = 4;

// oxlint-disable no-underscore-dangle -- Emscripten's names
/** The functions of the package's `src/bridge.c`, as Emscripten exports them. Pointers are numbers. */
interface Module {
  readonly HEAPU8: Uint8Array;
  _init_encoder(channels: number, sampleRate: number, bitRate: number): number;
  _get_encoder_frame_size(context: number): number;
  _get_encoder_extradata(context: number): number;
  _get_encoder_extradata_size(context: number): number;
  _get_encode_input_ptr(context: number, bytes: number): number;
  _send_frame(context: number, pts: bigint): number;
  _receive_packet(context: number): number;
  _get_encoded_data(context: number): number;
  _close_encoder(context: number): void;
}
type CreateModule = (options: { readonly printErr: (line: string) => void }) => Promise<Module>;

export class EncoderError extends Error {
  override name = 'EncoderError';
}

/** Takes frames of 1024 samples, 8 kHz mono. */
export interface FrameEncoder {
  /**
   * @param frame samples from -1 to 1.
   * @returns none or one AAC frame (a copy): the first comes with the second call and holds what sounds before the first.
   * @throws EncoderError; the encoder is of no use any more.
   */
  encode(frame: Float32Array): Uint8Array[];
  close(): void;
}

/** @returns what makes encoders. @throws EncoderError when the file is not what we know. */
export async function loadEncoders(url: string): Promise<() => FrameEncoder> {
  // The file is CommonJS to look at, but says `import.meta`, so Node takes it for a module, in which `exports` is a global.
  const scope = globalThis as { exports?: { default?: CreateModule } };
  const exports: { default?: CreateModule } = {};
  scope.exports = exports;
  const loaded = (await import(url)) as { default?: CreateModule };
  delete scope.exports;
  const create = loaded.default ?? exports.default;
  if (typeof create !== 'function') throw new EncoderError(`${url} holds no encoder`);
  // What goes wrong is in the return values; FFmpeg's own words would stand between our log's lines.
  const module = await create({ printErr: () => {} });
  return () => new LibraryEncoder(module);
}

class LibraryEncoder implements FrameEncoder {
  readonly #module: Module;
  readonly #context: number;
  readonly #samples: number;
  #pts = 0;

  constructor(module: Module) {
    this.#module = module;
    const { channels, sampleRate } = TELEPHONE_AAC;
    this.#context = module._init_encoder(channels, sampleRate, BIT_RATE);
    if (this.#context === 0) throw new EncoderError('no memory for another encoder');
    this.#samples = module._get_encoder_frame_size(this.#context);
    const at = module._get_encoder_extradata(this.#context);
    const made = module.HEAPU8.slice(at, at + module._get_encoder_extradata_size(this.#context));
    const wanted = audioSpecificConfig(TELEPHONE_AAC);
    // It may say more behind that (that there is no SBR).
    if (!Buffer.from(made).subarray(0, wanted.length).equals(wanted)) throw new EncoderError('encodes something else');
  }

  encode(frame: Float32Array): Uint8Array[] {
    const module = this.#module;
    if (frame.length !== this.#samples) throw new EncoderError(`${frame.length} samples in a frame`);
    const input = module._get_encode_input_ptr(this.#context, frame.length * FLOAT_BYTES);
    if (input === 0) throw new EncoderError('no memory for a frame');
    // Memory may have moved: its view is looked up each time.
    module.HEAPU8.set(new Uint8Array(frame.buffer, frame.byteOffset, frame.byteLength), input);
    this.#pts += frame.length;
    const sent = module._send_frame(this.#context, BigInt(this.#pts));
    if (sent < 0) throw new EncoderError(`encoding failed: ${sent}`);
    const frames: Uint8Array[] = [];
    for (;;) {
      const size = module._receive_packet(this.#context);
      if (size < 0) throw new EncoderError(`encoding failed: ${size}`);
      if (size === 0) return frames;
      const at = module._get_encoded_data(this.#context);
      frames.push(module.HEAPU8.slice(at, at + size));
    }
  }

  close(): void {
    this.#module._close_encoder(this.#context);
  }
}
