/** What went into the trash is named in the page's corner, with the way back. */
import { Button, Group, Text } from '@mantine/core';
import type { QueryClient } from '@tanstack/react-query';
import type { Video } from '../../../lib/contract/video.ts';
import { named } from '../library/bulk.ts';
import { restoreAll } from '../library/restoring.ts';
import { notices } from '../shared/notify.tsx';

/** ms: time to read it and to come to it by keys. The trash has them for longer. */
const SHOWN = 15_000;

export async function tellTrashed(client: QueryClient, videos: readonly Pick<Video, 'id' | 'title'>[]): Promise<void> {
  const notifications = await notices();
  const id = `trashed-${videos[0]!.id}`;
  const undo = () => {
    notifications.hide(id);
    void restoreAll(client, videos);
  };
  notifications.show({
    id,
    autoClose: SHOWN,
    closeButtonProps: { 'aria-label': 'Close' },
    message: (
      <Group justify="space-between" wrap="nowrap" gap="sm">
        <Text size="sm">{named(videos)} moved to the trash.</Text>
        <Button variant="light" size="compact-sm" onClick={undo}>
          Undo
        </Button>
      </Group>
    ),
  });
}
