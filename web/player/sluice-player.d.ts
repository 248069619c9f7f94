/**
 * Types of `<sluice-player>`, the player that a Sluice deployment serves at `/player/sluice-player.js`.
 *
 *   <script type="module" src="https://video.example/player/sluice-player.js"></script>
 *   <sluice-player src="https://video.example/v/ID?token=TOKEN"></sluice-player>
 */

/** Why nothing plays, or plays on. */
export interface SluicePlayerRefusal {
  /** Of the platform's answer, such as `link-expired` or `session-ended`; `unreachable` where none came. */
  readonly code: string;
  /** HTTP status; 0 where no answer came. */
  readonly status: number;
  /** What the player says of it. */
  readonly message: string;
}

/** Beside these, what a `<video>` says under the same name: play, pause, playing, timeupdate, seeked, ended, volumechange, ratechange. */
export interface SluicePlayerEvents {
  /** The video can be played. */
  readonly ready: CustomEvent<{ readonly duration: number; readonly width: number; readonly height: number }>;
  /** The session has another signature, which is good until then. */
  readonly renewed: CustomEvent<{ readonly until: Date }>;
  readonly refused: CustomEvent<SluicePlayerRefusal>;
}

/**
 * Attributes:
 *
 * - `src`: address of the video: its page, its embed page or its `main.m3u8`, with `?token=` where it has one.
 * - `video`, `token`: instead of `src`, on the deployment that this file came from.
 * - `heading`: what the video is called, for who does not see it.
 * - `poster`: address of a picture instead of the video's own.
 * - `autoplay`, `muted`, `start` (seconds).
 * - `keys`: `page`, where keys count wherever the focus is; else they count in the player.
 */
export interface SluicePlayerElement extends HTMLElement {
  /** Seconds. */
  currentTime: number;
  /** From 0 to 1. */
  volume: number;
  muted: boolean;
  playbackRate: number;
  /** Seconds; NaN until it is known. */
  readonly duration: number;
  readonly paused: boolean;
  readonly ended: boolean;
  play(): Promise<void>;
  pause(): void;
  addEventListener<K extends keyof SluicePlayerEvents>(
    type: K,
    listener: (event: SluicePlayerEvents[K]) => void,
    options?: boolean | AddEventListenerOptions,
  ): void;
  addEventListener(
    type: string,
    listener: EventListenerOrEventListenerObject,
    options?: boolean | AddEventListenerOptions,
  ): void;
}

declare global {
  interface HTMLElementTagNameMap {
    'sluice-player': SluicePlayerElement;
  }
}
