/** How many watch a video at this moment. */
import { useQuery } from '@tanstack/react-query';
import { watchingQuery } from './queries.ts';
import { watchingNow } from './watching.ts';
import classes from './insight.module.css';

/** Without an answer nothing is said of it. */
export function WatchingNow({ id }: { id: string }) {
  const { data } = useQuery(watchingQuery(id));
  return (
    <p className={classes.now} role="status">
      {data && watchingNow(data)}
    </p>
  );
}
