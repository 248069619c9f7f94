/** How many watch a video at this moment. */
import { useQuery } from '@tanstack/react-query';
import { count } from '../shared/format.ts';
import { watchingQuery } from './queries.ts';
import classes from './insight.module.css';

/** Without an answer nothing is said of it. */
export function WatchingNow({ id }: { id: string }) {
  const { data } = useQuery(watchingQuery(id));
  const many = data?.sessions.length ?? 0;
  return (
    <p className={classes.now} role="status">
      {data === undefined ? '' : `${count(many, 'viewer').replace(' ', data.isWhole ? ' ' : '+ ')} now`}
    </p>
  );
}
