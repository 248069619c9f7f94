import { Button, Loader } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useEffect, useState } from 'react';
import type { Video } from '../../../lib/contract/video.ts';
import { call } from '../api/client.ts';
import { useSession } from '../auth/SessionContext.tsx';
import classes from './video.module.css';

/** Milliseconds between two looks at a file that is being made. */
const EVERY = 3000;
const SOURCE = 'source';

/** The original for who owns the video, and an MP4 of each rung for who may: made when somebody asks. */
export function Downloads({ video, mayEdit }: { video: Video; mayEdit: boolean }) {
  const { config } = useSession();
  const [asked, setAsked] = useState<string>();
  const [note, setNote] = useState<string>();
  useEffect(() => {
    if (asked === undefined) return undefined;
    const stop = new AbortController();
    let timer: number | undefined;
    const look = async () => {
      try {
        const { signal } = stop;
        const answer = await call('GET /api/videos/{id}/download', {
          params: { id: video.id },
          query: { rendition: asked },
          signal,
        });
        if (stop.signal.aborted) return;
        if (answer.url === undefined) {
          setNote('The file is being made. It is downloaded when it is there, if you stay.');
          timer = window.setTimeout(() => void look(), EVERY);
          return;
        }
        setNote(undefined);
        setAsked(undefined);
        // An attachment: the page stays.
        window.location.assign(answer.url);
      } catch (error) {
        if (stop.signal.aborted) return;
        setNote((error as Error).message);
        setAsked(undefined);
      }
    };
    void look();
    return () => {
      stop.abort();
      window.clearTimeout(timer);
    };
  }, [asked, video.id]);

  const rungs =
    video.status === 'ready' && (mayEdit || config.downloads === 'viewers')
      ? video.renditions.filter(({ kind }) => kind === 'video')
      : [];
  const hasSource =
    mayEdit && video.status !== 'uploading' && video.status !== 'failed' && video.sourceRemovedOn === undefined;
  const choices = [
    ...(hasSource ? [[SOURCE, 'Original'] as const] : []),
    ...rungs.map(({ name }) => [name, `${name} MP4`] as const),
  ];
  if (choices.length === 0) return null;
  return (
    <section>
      <h2>Download</h2>
      <div className={classes.downloads}>
        {choices.map(([name, label]) => (
          <Button
            key={name}
            variant="default"
            size="compact-sm"
            leftSection={asked === name ? <Loader size={13} /> : <IconDownload size={15} />}
            disabled={asked !== undefined}
            onClick={() => setAsked(name)}
          >
            {label}
          </Button>
        ))}
      </div>
      {mayEdit && video.sourceRemoveOn !== undefined && (
        <p>
          The original goes on {video.sourceRemoveOn}: {rungs[0]?.name ?? 'the top rendition'} has all of its picture
          and sound, unchanged.
        </p>
      )}
      {mayEdit && video.sourceRemovedOn !== undefined && (
        <p>
          The original went on {video.sourceRemovedOn}: {rungs[0]?.name ?? 'the top rendition'} has all of its picture
          and sound, unchanged.
        </p>
      )}
      {note !== undefined && <p role="status">{note}</p>}
    </section>
  );
}
