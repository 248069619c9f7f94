import '@mantine/core/styles/Overlay.css';
import '@mantine/core/styles/ModalBase.css';
import '@mantine/core/styles/Modal.css';
import '@mantine/core/styles/Checkbox.css';
import { Button, Checkbox, Group, Modal, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Video } from '../../../lib/contract/video.ts';
import { forget } from '../api/queries.ts';
import { useSession } from '../auth/SessionContext.tsx';
import { changeMany, named } from '../library/bulk.ts';
import { tellRefused } from '../library/refused.ts';
import { bytes, count } from '../shared/format.ts';
import { tellTakenDown } from './taken-down.ts';
import { tellTrashed } from './trashed.tsx';

const WORD = 'delete';

/** Open while there are videos to ask about. What goes for good needs the word typed; out of the trash there is a way back. */
export default function DeleteDialog(props: { videos: readonly Video[]; close: () => void; done: () => void }) {
  const { videos, close, done } = props;
  return (
    <Modal
      opened={videos.length > 0}
      onClose={close}
      title={videos.length > 0 && `Delete ${named(videos)}?`}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Ask videos={videos} close={close} done={done} />
    </Modal>
  );
}

function Ask({ videos, close, done }: { videos: readonly Video[]; close: () => void; done: () => void }) {
  const client = useQueryClient();
  const { trashDays } = useSession().config;
  const [isAsked, setAsked] = useState(false);
  const [typed, setTyped] = useState('');
  // What is in the trash already, and uploads under way, of which there is nothing to restore.
  const hasTrash = trashDays > 0 && videos.some((one) => one.trashedAt === undefined && one.status !== 'uploading');
  const isSending = videos.some(({ status }) => status === 'uploading');
  const isForGood = isAsked || !hasTrash;
  const isReady = !isForGood || typed.trim().toLowerCase() === WORD;
  const removal = useMutation({
    mutationFn: async () => {
      const { done: removed, refused } = await changeMany(videos, { action: 'delete', now: isForGood });
      // One that is gone already is as good as removed.
      const before = refused.flatMap(({ video, code }) => (code === 'not-found' ? [video] : []));
      return { gone: [...removed, ...before], left: refused.filter(({ code }) => code !== 'not-found') };
    },
    onSuccess: ({ gone, left }) => {
      const trashed = isForGood ? [] : gone.filter((one) => one.trashedAt === undefined && one.status !== 'uploading');
      const removed = gone.filter((one) => !trashed.includes(one));
      // Not waited for: it goes on on whatever page comes next.
      if (removed.length > 0) void tellTakenDown(removed.map(({ id }) => id));
      if (trashed.length > 0) void tellTrashed(client, trashed);
      tellRefused(left, 'could not be deleted');
      close();
      if (left.length === 0) done();
      forget(client, new Set(gone.map(({ id }) => id)));
    },
  });
  const size = videos.reduce((sum, { bytes: { source, media } }) => sum + source + media, 0);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) removal.mutate();
      }}
    >
      <Text>
        {isForGood
          ? `Playback stops at once, and the source and every rendition are removed${size > 0 ? ` (${bytes(size)})` : ''}. This cannot be undone.`
          : `Playback stops at once. For ${count(trashDays, 'day')} it can be restored from the trash, as it was.${isSending ? ' Uploads under way are given up.' : ''}`}
      </Text>
      {hasTrash && (
        <Checkbox
          mt="md"
          label="Delete for good, now"
          checked={isAsked}
          onChange={(event) => setAsked(event.currentTarget.checked)}
        />
      )}
      {isForGood && (
        <TextInput
          mt="md"
          label={`Type “${WORD}” to confirm`}
          value={typed}
          onChange={(event) => setTyped(event.currentTarget.value)}
          data-autofocus
          autoComplete="off"
          spellCheck={false}
        />
      )}
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={close}>
          Keep
        </Button>
        <Button type="submit" color="red.9" disabled={!isReady} loading={removal.isPending}>
          {isForGood ? `Delete ${what(videos)}` : 'Move to trash'}
        </Button>
      </Group>
    </form>
  );
}

const what = (videos: readonly Video[]): string => (videos.length === 1 ? 'this video' : count(videos.length, 'video'));
