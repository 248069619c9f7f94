import { Button, Group } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { IconMovie } from '@tabler/icons-react';
import { useState } from 'react';
import type { Video } from '../../../lib/contract/video.ts';
import { bytes, clock } from '../shared/format.ts';
import { Called } from '../shared/people.tsx';
import { Ago } from '../shared/Time.tsx';
import DeleteDialog from '../video/DeleteDialog.tsx';
import { lastDay } from './last-day.ts';
import { restoreAll } from './restoring.ts';
import classes from './library.module.css';

interface Props {
  readonly video: Video;
  readonly isSelected: boolean;
  readonly select: (id: string, isRange: boolean) => void;
}

/** A video in the trash: nothing of it can be seen, so it is named, with until when it can be restored. */
export default function TrashCard({ video, isSelected, select }: Props) {
  const client = useQueryClient();
  const [isDeleting, setDeleting] = useState(false);
  const size = video.bytes.source + video.bytes.media;
  return (
    <li className={classes.card} data-selected={isSelected}>
      <div className={classes.poster}>
        <IconMovie size={30} stroke={1.4} />
        {video.duration !== null && <span className={classes.duration}>{clock(video.duration)}</span>}
      </div>
      <input
        type="checkbox"
        className={classes.check}
        aria-label={`Select ${video.title}`}
        checked={isSelected}
        onChange={(event) => select(video.id, (event.nativeEvent as MouseEvent).shiftKey)}
      />
      <div className={classes.text}>
        <span className={classes.name} title={video.title}>
          {video.title}
        </span>
        <div className={classes.meta}>
          <span className={classes.when}>
            <Called subject={video.owner} /> · deleted <Ago at={video.trashedAt ?? video.updatedAt} />
          </span>
          {size > 0 && <span className={classes.size}>{bytes(size)}</span>}
        </div>
        {video.removeOn !== undefined && <span>Can be restored through {lastDay(video.removeOn)} (UTC)</span>}
        <Group gap={8}>
          <Button
            variant="default"
            size="compact-sm"
            aria-label={`Restore ${video.title}`}
            onClick={() => void restoreAll(client, [video])}
          >
            Restore
          </Button>
          <Button
            variant="subtle"
            color="red"
            c="var(--bad)"
            size="compact-sm"
            aria-label={`Delete for good: ${video.title}`}
            onClick={() => setDeleting(true)}
          >
            Delete for good
          </Button>
        </Group>
      </div>
      <DeleteDialog videos={isDeleting ? [video] : []} close={() => setDeleting(false)} done={() => {}} />
    </li>
  );
}
