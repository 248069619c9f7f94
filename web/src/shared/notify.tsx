/** Passing news in the page's corner. Its parts are loaded with the first piece of news. */
import type { NotificationData } from '@mantine/notifications';
import { lazy, Suspense, useSyncExternalStore } from 'react';

let isNeeded = false;
let changed: (() => void) | undefined;
const Notices = lazy(() => import('./Notices.tsx'));

export function notify(news: Pick<NotificationData, 'title' | 'message' | 'color'>): void {
  void notices().then(({ show }) => show({ closeButtonProps: { 'aria-label': 'Close' }, ...news }));
}

/** Where news is shown, for what has more to say than one sentence. */
export async function notices() {
  isNeeded = true;
  changed?.();
  return (await import('@mantine/notifications')).notifications;
}

export function NoticeHost() {
  const isOn = useSyncExternalStore(subscribe, () => isNeeded);
  return isOn ? (
    <Suspense>
      <Notices />
    </Suspense>
  ) : null;
}

function subscribe(listener: () => void): () => void {
  changed = listener;
  return () => (changed = undefined);
}
