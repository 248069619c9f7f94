import { Skeleton, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import { hasCode } from '../api/problem.ts';
import { positionsQuery } from '../api/queries.ts';
import DeviceMap from '../device/DeviceMap.tsx';
import { runsOf } from '../fleet/track.ts';
import { Failure } from '../shared/states.tsx';
import classes from './video.module.css';

/** Where a clip was filmed. Who may watch it may not always know that. */
export default function Places({ id }: { id: string }) {
  const { data, error, isPending, refetch } = useQuery(positionsQuery(id));
  const runs = useMemo(() => (data ? runsOf(data) : []), [data]);
  if (isPending) return <Skeleton height={240} />;
  if (hasCode(error, 'forbidden')) return <Words>Administrators and the viewers of its device see that.</Words>;
  if (!data && !hasCode(error, 'not-found')) return <Failure error={error} retry={() => void refetch()} />;
  const [first] = runs.flat();
  if (first === undefined) return <Words>No positions were kept with it.</Words>;
  return (
    <div className={classes.places}>
      <DeviceMap runs={runs} alarms={[]} at={first.at} goTo={() => {}} label="Map of where it was filmed" />
    </div>
  );
}

function Words({ children }: { children: string }) {
  return (
    <Text c="dimmed" size="sm" component="p" m={0}>
      {children}
    </Text>
  );
}
