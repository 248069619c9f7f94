/** What functions took where it was measured: `npm run bench:slicing` prints these as `costs`. */
export interface Costs {
  /** CPU seconds to decode a million pixels of H.264. */
  readonly decode: number;
  /** Share of it that is the encoders' thread's. */
  readonly decodeThread: number;
  /** CPU seconds to scale and encode a million pixels of the ladder. */
  readonly encode: number;
  /** CPU seconds to decode and encode a second of sound. */
  readonly sound: number;
  /** CPU seconds to inspect a source, its index apart. */
  readonly inspectSeconds: number;
  /** CPU seconds to plan an hour of video. */
  readonly planSecondsAnHour: number;
  readonly posterSeconds: number;
}
