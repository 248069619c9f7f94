import '@mantine/core/styles/Overlay.css';
import '@mantine/core/styles/ModalBase.css';
import '@mantine/core/styles/Modal.css';
import { Button, Group, Modal, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Video } from '../../../lib/contract/video.ts';
import { deleteVideo, forget } from '../api/queries.ts';
import { bytes, count } from '../shared/format.ts';
import { notify } from '../shared/notify.tsx';
import { tellTakenDown } from './taken-down.ts';

const WORD = 'delete';

/** Open while there are videos to ask about. There is no way back from it, so the word must be typed. */
export default function DeleteDialog(props: { videos: readonly Video[]; close: () => void; done: () => void }) {
  const { videos, close, done } = props;
  return (
    <Modal
      opened={videos.length > 0}
      onClose={close}
      title={`Delete ${what(videos)}?`}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Ask videos={videos} close={close} done={done} />
    </Modal>
  );
}

function Ask({ videos, close, done }: { videos: readonly Video[]; close: () => void; done: () => void }) {
  const client = useQueryClient();
  const [typed, setTyped] = useState('');
  const removal = useMutation({
    mutationFn: async () => {
      const gone = new Set<string>();
      let failed: unknown;
      for (const video of videos) {
        await deleteVideo(video.id).then(
          () => gone.add(video.id),
          (error: unknown) => (failed ??= error),
        );
      }
      return { gone, failed };
    },
    onSuccess: ({ gone, failed }) => {
      const whole = failed === undefined;
      // Not waited for: it goes on on whatever page comes next.
      if (gone.size > 0) void tellTakenDown([...gone]);
      if (!whole) {
        notify({
          color: 'red',
          title: `${count(videos.length - gone.size, 'video')} could not be deleted`,
          message: failed instanceof Error ? failed.message : 'Try again.',
        });
      }
      close();
      if (whole) done();
      forget(client, gone);
    },
  });
  const size = videos.reduce((sum, { bytes: { source, media } }) => sum + source + media, 0);
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (typed.trim().toLowerCase() === WORD) removal.mutate();
      }}
    >
      <Text>
        Playback stops at once, and the source and every rendition are removed
        {size > 0 && ` (${bytes(size)})`}. This cannot be undone.
      </Text>
      <TextInput
        mt="md"
        label={`Type “${WORD}” to confirm`}
        value={typed}
        onChange={(event) => setTyped(event.currentTarget.value)}
        data-autofocus
        autoComplete="off"
        spellCheck={false}
      />
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={close}>
          Keep
        </Button>
        <Button type="submit" color="red.9" disabled={typed.trim().toLowerCase() !== WORD} loading={removal.isPending}>
          Delete {what(videos)}
        </Button>
      </Group>
    </form>
  );
}

const what = (videos: readonly Video[]): string => (videos.length === 1 ? 'this video' : count(videos.length, 'video'));
