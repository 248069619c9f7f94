/** Why a source is not taken: stable codes, and one sentence each for the person who uploaded it. */

type RefusalCode =
  | 'empty-file'
  | 'not-video'
  | 'no-video-track'
  | 'truncated'
  | 'unsupported-codec'
  | 'encrypted'
  | 'no-duration'
  | 'too-long'
  | 'too-large-picture'
  | 'too-large-to-slice'
  | 'header-too-large'
  | 'too-many-boxes'
  | 'too-many-tracks'
  | 'probe-timeout'
  | 'too-expensive'
  | 'month-spent'
  | 'cannot-protect'
  | 'damaged'
  | 'encode-timeout';

/** The video fails for a reason of its own; not an error of ours. */
export class Refusal extends Error {
  override name = 'Refusal';
  readonly code: RefusalCode;
  /** What is wrong and what to do. */
  readonly reason: string;
  constructor(code: RefusalCode, reason: string, options?: ErrorOptions) {
    super(`${code}: ${reason}`, options);
    this.code = code;
    this.reason = reason;
  }
}

/** `3 hours`, `1.5 hours`, `40 minutes`, `12 seconds`. */
export function spokenDuration(seconds: number): string {
  const [value, unit] =
    seconds >= 5400 ? [seconds / 3600, 'hour'] : seconds >= 90 ? [seconds / 60, 'minute'] : [seconds, 'second'];
  const rounded = Number(value.toFixed(1));
  return `${rounded} ${unit}${rounded === 1 ? '' : 's'}`;
}

/** `0:36`, `1:02:03`: a place in a video. */
function spokenClock(seconds: number): string {
  const whole = Math.floor(seconds);
  const two = (value: number) => String(value).padStart(2, '0');
  const [hours, minutes] = [Math.floor(whole / 3600), Math.floor(whole / 60) % 60];
  return hours > 0 ? `${hours}:${two(minutes)}:${two(whole % 60)}` : `${minutes}:${two(whole % 60)}`;
}

/** `from 0:36 to 0:54`: what of a video a task was to make. */
export function spokenStretch({
  start,
  duration,
}: {
  readonly start: number;
  readonly duration: number | null;
}): string {
  const end = duration === null ? 'the end' : spokenClock(start + duration);
  return `from ${spokenClock(start)} to ${end}`;
}

/** `12 MiB`, `1.5 GiB`. */
export function spokenBytes(bytes: number): string {
  const gib = bytes / 1024 ** 3;
  return gib >= 1 ? `${Number(gib.toFixed(1))} GiB` : `${Number((bytes / 1024 ** 2).toFixed(1))} MiB`;
}
