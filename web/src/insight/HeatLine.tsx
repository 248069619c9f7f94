/** What was watched of a video, over the player's time line. It takes no room and no clicks. */
import { useQuery } from '@tanstack/react-query';
import { clock } from '../shared/format.ts';
import { useNow } from '../shared/Time.tsx';
import { stepOf, videoInsightQuery } from './queries.ts';
import { usual } from './range.ts';
import { outline } from './scale.ts';
import classes from './insight.module.css';

/** ms between two looks. */
const EVERY = 30_000;

/** `duration`: seconds. Without an answer, or where nobody watched, there is nothing. */
export default function HeatLine({ id, duration }: { id: string; duration: number }) {
  const query = videoInsightQuery(id, usual(useNow()), stepOf(duration));
  const { data } = useQuery({ ...query, refetchInterval: EVERY });
  if (!data) return null;
  const { step, watched } = data.heatmap;
  const most = Math.max(0, ...watched);
  if (most === 0) return null;
  return (
    <div className={classes.over}>
      <svg
        viewBox={`0 0 ${watched.length} 100`}
        preserveAspectRatio="none"
        role="img"
        aria-label={`Watched most at ${clock(watched.indexOf(most) * step)}`}
      >
        <path d={outline(watched, most, true)} />
        <path d={outline(watched, most, false)} />
      </svg>
    </div>
  );
}
