import { IconWifiOff } from '@tabler/icons-react';
import { useSyncExternalStore } from 'react';
import { reach, type Reach } from './reach.ts';
import classes from './shared.module.css';

export const useReach = (): Reach => useSyncExternalStore(reach.subscribe, () => reach.now);

const WORDS: Readonly<Record<Exclude<Reach, 'reached'>, string>> = {
  offline: 'This browser is offline. What is shown may be old.',
  unreachable: 'The platform does not answer. What is shown may be old; it is asked again.',
};

/** Over every page, whoever is signed in: nothing below it can be newer than the last answer. */
export function ReachNote() {
  const now = useReach();
  return (
    <div className={classes.reach} role="status">
      {now !== 'reached' && (
        <p>
          <IconWifiOff size={16} aria-hidden />
          {WORDS[now]}
        </p>
      )}
    </div>
  );
}
