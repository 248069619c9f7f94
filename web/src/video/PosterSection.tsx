import { Button, FileButton, Group } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { IconPhotoUp, IconPlayerPause } from '@tabler/icons-react';
import type { Video } from '../../../lib/contract/video.ts';
import { call } from '../api/client.ts';
import { remember } from '../api/queries.ts';
import { notify } from '../shared/notify.tsx';
import { posterOf } from '../shared/posters.ts';
import { base64, checkPicture } from './picture-file.ts';
import classes from './video.module.css';

type Choice = { readonly time: number } | { readonly image: string };

/** The poster, and two ways to another one: the picture on show in the player, or a file. */
export function PosterSection({ video }: { video: Video }) {
  const client = useQueryClient();
  const choose = useMutation({
    mutationFn: async (make: () => Promise<Choice>) => {
      await call('PUT /api/videos/{id}/poster', { params: { id: video.id }, body: await make() });
      return call('GET /api/videos/{id}', { params: { id: video.id } });
    },
    onSuccess: (changed) => remember(client, changed),
    onError: (error) => notify({ color: 'red', title: 'The poster stays as it is', message: error.message }),
  });
  const poster = posterOf(video, Date.now());
  return (
    <section>
      <h2>Poster</h2>
      {poster === undefined ? (
        <p className={classes.dim}>None yet.</p>
      ) : (
        <img className={classes.poster} src={poster} alt="Poster" />
      )}
      <Group gap={8} mt={8}>
        <Button
          size="xs"
          variant="default"
          leftSection={<IconPlayerPause size={15} />}
          loading={choose.isPending}
          onClick={() => choose.mutate(async () => ({ time: playhead() }))}
        >
          Use the picture on show
        </Button>
        <FileButton
          accept="image/jpeg,image/png"
          onChange={(file) => {
            if (file)
              choose.mutate(async () => {
                checkPicture(file);
                return { image: await base64(file) };
              });
          }}
        >
          {(props) => (
            <Button
              {...props}
              size="xs"
              variant="default"
              leftSection={<IconPhotoUp size={15} />}
              disabled={choose.isPending}
            >
              Choose a file
            </Button>
          )}
        </FileButton>
      </Group>
    </section>
  );
}

/** Seconds, of the player on this screen; it stands beside, not above. Throws where there is none yet. */
function playhead(): number {
  const player = document.querySelector<HTMLVideoElement>('hls-video');
  if (!player) throw new Error('The picture on show is the poster. Play the video, and pause at another one.');
  return player.currentTime;
}
