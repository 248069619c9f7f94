/** Taking videos out of the trash, and saying what became of it. */
import type { QueryClient } from '@tanstack/react-query';
import { forget } from '../api/queries.ts';
import { notify } from '../shared/notify.tsx';
import { changeMany, named, type Named } from './bulk.ts';
import { tellRefused } from './refused.ts';

/** Those that could not be restored are named, with why. */
export async function restoreAll(client: QueryClient, videos: readonly Named[]): Promise<void> {
  const { done, refused } = await changeMany(videos, { action: 'restore' });
  tellRefused(refused, 'could not be restored');
  // Out of the list of what is in the trash, and into the others.
  forget(client, new Set(done.map(({ id }) => id)));
  void client.invalidateQueries({ queryKey: ['videos'] });
  if (done.length > 0) notify({ message: `${named(done)} restored.` });
}
