/** The figures that matter most, beside the video. */
import { Button, Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import type { Video } from '../../../lib/contract/video.ts';
import { Failure } from '../shared/states.tsx';
import { useNow } from '../shared/Time.tsx';
import { stepOf, videoInsightQuery } from './queries.ts';
import { usual } from './range.ts';
import { Totals } from './Totals.tsx';
import { WatchingNow } from './WatchingNow.tsx';
import classes from './insight.module.css';

/** `isShown`: nothing is asked again for who looks at another tab. */
export default function InsightTab({ video, isShown }: { video: Video; isShown: boolean }) {
  const query = videoInsightQuery(video.id, usual(useNow()), stepOf(video.duration ?? 0));
  const { data, error, refetch } = useQuery({ ...query, enabled: isShown });
  return (
    <div className={classes.tab}>
      {isShown && <WatchingNow id={video.id} />}
      {data ? (
        <Totals totals={data.totals} />
      ) : error ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : (
        <Skeleton height={180} radius={10} aria-busy="true" />
      )}
      <p className={classes.dim}>The last 28 days.</p>
      <Button variant="default" component={Link} to={`/v/${video.id}/insight`}>
        All of it
      </Button>
    </div>
  );
}
