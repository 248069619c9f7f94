/** All there is of the chosen days: first the figures, then what they are made of. */
import { Skeleton } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconChartBar } from '@tabler/icons-react';
import { Failure, Stale, State } from '../shared/states.tsx';
import { Breakdown } from './Breakdown.tsx';
import { Days } from './Days.tsx';
import { Heatmap } from './Heatmap.tsx';
import { Most } from './Most.tsx';
import { overviewQuery, stepOf, videoInsightQuery } from './queries.ts';
import type { Range } from './range.ts';
import { Explained, Score, Totals } from './Totals.tsx';
import { WatchingNow } from './WatchingNow.tsx';
import classes from './insight.module.css';

export const Loading = () => (
  <div aria-busy="true">
    <Skeleton height={72} radius={10} />
    <Skeleton height={260} radius={10} mt={16} />
  </div>
);

interface Props {
  readonly id: string;
  /** Of the video, seconds; 0 where nobody knows. */
  readonly duration: number;
  readonly range: Range;
}

export function OfVideo({ id, duration, range }: Props) {
  const { data, error, refetch, isPlaceholderData } = useQuery(videoInsightQuery(id, range, stepOf(duration)));
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Loading />;
  const file = `insight-${id}-${data.from}-${data.to}`;
  return (
    <div className={classes.report} data-stale={isPlaceholderData}>
      {error && <Stale error={error} />}
      {!data.isWhole && <Partly>What is not here are the oldest of them.</Partly>}
      <WatchingNow id={id} />
      {data.totals.plays === 0 ? (
        <Nobody />
      ) : (
        <>
          <Totals totals={data.totals} />
          <Explained />
        </>
      )}
      {data.heatmap.watched.length > 0 && <Heatmap heatmap={data.heatmap} duration={duration} file={`insight-${id}`} />}
      {data.totals.plays > 0 && (
        <>
          <Days range={data} days={data.days} file={file} />
          <div className={classes.grid}>
            <Score totals={data.totals} />
            <Breakdown of={data} file={file} />
          </div>
        </>
      )}
    </div>
  );
}

export function OfAll({ range }: { range: Range }) {
  const { data, error, refetch, isPlaceholderData } = useQuery(overviewQuery(range));
  if (!data) return error ? <Failure error={error} retry={() => void refetch()} /> : <Loading />;
  const file = `insight-${data.from}-${data.to}`;
  return (
    <div className={classes.report} data-stale={isPlaceholderData}>
      {error && <Stale error={error} />}
      {!data.isWhole && <Partly>Choose fewer days.</Partly>}
      {data.totals.plays === 0 ? (
        <Nobody />
      ) : (
        <>
          <Totals totals={data.totals} />
          <Explained />
          <Days range={data} days={data.days} file={file} />
          <Most most={data.most} file={file} />
          <div className={classes.grid}>
            <Score totals={data.totals} />
            <Breakdown of={data} file={file} />
          </div>
        </>
      )}
    </div>
  );
}

const Partly = ({ children }: { children: string }) => (
  <p className={classes.problem} role="alert">
    These days had more than could be read. {children}
  </p>
);

const Nobody = () => (
  <State icon={IconChartBar} title="Nobody watched in these days">
    What players report stands here some seconds later.
  </State>
);
