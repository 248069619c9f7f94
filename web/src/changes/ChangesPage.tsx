/** Who changed what, the newest first, for admins: all of it, what one person did, or what was done to one thing. */
import { Button, Skeleton, Title } from '@mantine/core';
import { infiniteQueryOptions, useInfiniteQuery } from '@tanstack/react-query';
import { IconHistory } from '@tabler/icons-react';
import { Link, useSearchParams } from 'react-router';
import type { AuditEntry } from '../../../lib/contract/audit.ts';
import { call } from '../api/client.ts';
import { usePerson } from '../auth/SessionContext.tsx';
import { Called } from '../shared/people.tsx';
import { Failure, NoRight, Stale, State } from '../shared/states.tsx';
import { Ago } from '../shared/Time.tsx';
import { Search } from './Search.tsx';
import classes from './changes.module.css';

const changesQuery = (by: string | undefined, about: string | undefined) =>
  infiniteQueryOptions({
    queryKey: ['changes', by, about],
    queryFn: ({ pageParam, signal }) =>
      call('GET /api/audit', { query: { by, about, limit: 50, cursor: pageParam ?? undefined }, signal }),
    initialPageParam: null as string | null,
    getNextPageParam: (last) => last.cursor,
  });

export default function ChangesPage() {
  const { isAdmin } = usePerson();
  const [search, setSearch] = useSearchParams();
  const [by, about] = [search.get('by') ?? undefined, search.get('about') ?? undefined];
  return (
    <div className={classes.page}>
      <title>Changes · Sluice</title>
      <Title order={1} fz="h3">
        Changes
      </Title>
      {isAdmin ? (
        <>
          <Search
            // What another link of the page asks for stands in the fields, too.
            key={JSON.stringify([by, about])}
            by={by ?? ''}
            about={about ?? ''}
            change={(to) => setSearch(Object.entries(to).filter(([, value]) => value !== ''))}
          />
          <Changes by={by} about={about} />
        </>
      ) : (
        <NoRight>Who changed what, admins see.</NoRight>
      )}
    </div>
  );
}

interface Filter {
  readonly by: string | undefined;
  readonly about: string | undefined;
}

function Changes({ by, about }: Filter) {
  const query = useInfiniteQuery(changesQuery(by, about));
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = query;
  const entries = data?.pages.flatMap((page) => page.entries) ?? [];
  const isFiltered = by !== undefined || about !== undefined;
  return (
    <>
      {isFiltered && (
        <p className={classes.filter}>
          Only{' '}
          {by === undefined ? (
            'what was done'
          ) : (
            <>
              what <Called subject={by} /> did
            </>
          )}
          {about !== undefined && <> to {about}</>}. <Link to="/changes">Everything</Link>
        </p>
      )}
      {isPending ? (
        <Skeleton height={240} radius={10} aria-busy="true" />
      ) : !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : (
        <>
          {error && <Stale error={error} />}
          {entries.length === 0 && !hasNextPage ? (
            <State icon={IconHistory} title={isFiltered ? 'Nothing found' : 'Nothing was changed'}>
              What people upload, change, share and delete stands here from then on.
            </State>
          ) : (
            <ul className={classes.entries} aria-label="Changes">
              {entries.map((entry) => (
                <Entry key={entry.id} entry={entry} />
              ))}
            </ul>
          )}
        </>
      )}
      {hasNextPage && (
        <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Further back
        </Button>
      )}
    </>
  );
}

function Entry({ entry: { at, by, did, about, said } }: { entry: AuditEntry }) {
  return (
    <li>
      <div>
        <Link to={`/changes?${new URLSearchParams({ by })}`}>
          <Called subject={by} />
        </Link>{' '}
        {did}
        {about !== undefined && (
          <>
            {' · '}
            <Link to={`/changes?${new URLSearchParams({ about })}`}>{about}</Link>
          </>
        )}
        {said && (
          <dl className={classes.said}>
            {Object.entries(said).map(([name, value]) => (
              <div key={name}>
                <dt>{name}</dt>
                <dd>{String(value)}</dd>
              </div>
            ))}
          </dl>
        )}
      </div>
      <span className={classes.at}>
        <Ago at={at} />
      </span>
    </li>
  );
}
