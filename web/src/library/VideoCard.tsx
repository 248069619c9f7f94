import { useQuery } from '@tanstack/react-query';
import { IconAlertTriangle, IconMovie } from '@tabler/icons-react';
import { memo } from 'react';
import { Link } from 'react-router';
import type { Video } from '../../../lib/contract/video.ts';
import { videoQuery } from '../api/queries.ts';
import { usePerson } from '../auth/SessionContext.tsx';
import { bytes, clock } from '../shared/format.ts';
import { Called } from '../shared/people.tsx';
import { posterOf } from '../shared/posters.ts';
import { isFinal } from '../shared/status.ts';
import { ProgressLine, StatusChip } from '../shared/StatusChip.tsx';
import { Ago } from '../shared/Time.tsx';
import classes from './library.module.css';

interface Props {
  readonly video: Video;
  readonly isSelected: boolean;
  readonly select: (id: string, isRange: boolean) => void;
}

export const VideoCard = memo(function VideoCard({ video: listed, isSelected, select }: Props) {
  const person = usePerson();
  // What is still on its way asks for itself; the list need not be fetched again for one bar to move.
  const { data } = useQuery({ ...videoQuery(listed.id), enabled: !isFinal(listed.status) });
  const video = data && data.updatedAt > listed.updatedAt ? data : listed;
  const poster = posterOf(video, Date.now());
  const mayEdit = person.isAdmin || person.subject === video.owner;
  return (
    <li className={classes.card} data-selected={isSelected}>
      <Link to={`/v/${video.id}`} className={classes.poster} tabIndex={-1} aria-hidden>
        {poster !== undefined ? (
          <img src={poster} alt="" loading="lazy" decoding="async" />
        ) : video.failure ? (
          <span className={classes.reason}>
            <IconAlertTriangle size={26} stroke={1.4} />
            {video.failure.reason}
          </span>
        ) : (
          <IconMovie size={30} stroke={1.4} />
        )}
        {video.duration !== null && <span className={classes.duration}>{clock(video.duration)}</span>}
      </Link>
      {mayEdit && (
        <input
          type="checkbox"
          className={classes.check}
          aria-label={`Select ${video.title}`}
          checked={isSelected}
          onChange={(event) => select(video.id, (event.nativeEvent as MouseEvent).shiftKey)}
        />
      )}
      <div className={classes.progress}>
        <ProgressLine video={video} />
      </div>
      <div className={classes.text}>
        <Link to={`/v/${video.id}`} className={classes.title} title={video.title}>
          {video.title}
        </Link>
        <div className={classes.meta}>
          <StatusChip video={video} />
          <span className={classes.when}>
            <Called subject={video.owner} /> · <Ago at={video.createdAt} />
          </span>
          {video.bytes.source > 0 && <span className={classes.size}>{bytes(video.bytes.source)}</span>}
        </div>
        {/* The frame above shows it too, but is hidden from screen readers: the title links to the same place. */}
        {video.failure && <span className={classes.why}>{video.failure.reason}</span>}
      </div>
    </li>
  );
});
