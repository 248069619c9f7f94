/** How much is kept of oneself, and for admins of whom the most. */
import { Skeleton, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import type { StorageAnswer } from '../../../lib/contract/storage.ts';
import { bytes, count } from '../shared/format.ts';
import { Called } from '../shared/people.tsx';
import { Failure, Stale } from '../shared/states.tsx';
import { Used } from './Quota.tsx';
import { storageQuery } from './query.ts';
import classes from './storage.module.css';

export default function StoragePage() {
  const { data, error, isPending, refetch } = useQuery(storageQuery);
  return (
    <div className={classes.page}>
      <title>Storage · Sluice</title>
      <Title order={1} fz="h3" mb="sm">
        Storage
      </Title>
      {isPending ? (
        <Skeleton height={120} radius={10} aria-busy="true" />
      ) : !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : (
        <>
          {error && <Stale error={error} />}
          <Kept kept={data} />
        </>
      )}
    </div>
  );
}

function Kept({ kept }: { kept: StorageAnswer }) {
  const { owners, total, quotaBytes } = kept;
  return (
    <>
      <p>
        You keep {bytes(kept.bytes)} in {count(kept.videos, 'video')}, sources and renditions, and what is in the{' '}
        <Link to="/?trash=1">trash</Link>.
      </p>
      {quotaBytes !== undefined && <Used {...kept} quotaBytes={quotaBytes} />}
      {owners && total && (
        <>
          <table className={classes.table}>
            <caption className="visually-hidden">Who keeps the most</caption>
            <thead>
              <tr>
                <th scope="col">Owner</th>
                <th scope="col">Videos</th>
                <th scope="col">Kept</th>
              </tr>
            </thead>
            <tbody>
              {owners.map(({ owner, videos, bytes: size }) => (
                <tr key={owner}>
                  <th scope="row">
                    <Called subject={owner} />
                  </th>
                  <td>{videos}</td>
                  <td>{bytes(size)}</td>
                </tr>
              ))}
            </tbody>
          </table>
          <Text c="dimmed" size="sm">
            All together: {bytes(total.bytes)} in {count(total.videos, 'video')}.
          </Text>
        </>
      )}
    </>
  );
}
