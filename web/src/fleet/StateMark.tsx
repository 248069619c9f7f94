import { markColours, marks } from './marks.ts';
import type { DeviceState } from './words.ts';

/** The sign of a state as it stands on the map. Words say it, too: to a screen reader it is nothing. */
export function StateMark({ state, size = 14 }: { state: DeviceState; size?: number }) {
  return (
    <svg viewBox="0 0 24 24" width={size} height={size} aria-hidden style={{ flex: 'none' }}>
      <path d={marks[state]} fill={`var(${markColours[state]})`} fillRule="evenodd" />
    </svg>
  );
}
