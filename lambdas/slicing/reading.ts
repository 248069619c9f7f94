/** How a source is read by ffmpeg, the same wherever it is read as it came. */

/**
 * ffmpeg takes a track's leap by more than these seconds for a clock that was set anew, and moves all that follows. Of MPEG-TS
 * that has been seen to before (ts-clock.ts), so every leap is a hole. Elsewhere what is shorter is one.
 */
export const clockArgs = (container: string): string[] => [
  '-dts_delta_threshold',
  container === 'mpegts' ? '1000000' : '60',
];

/**
 * The filter that tells pictures of two fields from whole ones. By its own thresholds (1.04) fine patterns that move are fields;
 * true ones are further apart.
 */
export const LOOK = 'idet=intl_thres=1.2:prog_thres=1.5';
