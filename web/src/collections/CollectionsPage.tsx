/** Collections that one keeps, and making another. */
import { Button, Skeleton, Text, TextInput, Title } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { IconFolder, IconFolderPlus } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import type { Collection } from '../../../lib/contract/collection.ts';
import { call } from '../api/client.ts';
import { usePerson } from '../auth/SessionContext.tsx';
import { count } from '../shared/format.ts';
import { Called } from '../shared/people.tsx';
import { Failure, State } from '../shared/states.tsx';
import { collectionsQuery } from './queries.ts';
import classes from './collections.module.css';

export default function CollectionsPage() {
  const { mayUpload } = usePerson();
  const query = useInfiniteQuery(collectionsQuery);
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = query;
  const all = data?.pages.flatMap((page) => page.collections) ?? [];
  const tops = all.filter(({ parent }) => parent === undefined || !all.some(({ id }) => id === parent));
  return (
    <>
      <title>Collections · Sluice</title>
      <div className={classes.head}>
        <Title order={1} fz="h3">
          Collections
        </Title>
        <Text c="dimmed" role="status">
          {data && all.length > 0 ? count(all.length, 'collection') : ''}
        </Text>
      </div>
      {mayUpload && <NewCollection />}
      {isPending ? (
        <div className={classes.grid} aria-busy="true">
          {Array.from({ length: 4 }, (_, index) => (
            <Skeleton key={index} height={200} radius={10} />
          ))}
        </div>
      ) : !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : all.length === 0 ? (
        <State icon={IconFolder} title="No collections yet">
          {mayUpload
            ? 'Put videos together in an order of their own, and let people, groups or everyone watch all of them.'
            : 'Collections that you keep stand here. What others share with you is in the library, under Shared with me.'}
        </State>
      ) : (
        <ul className={classes.grid} aria-label="Collections">
          {tops.map((one) => (
            <Card key={one.id} collection={one} inside={all.filter(({ parent }) => parent === one.id)} />
          ))}
        </ul>
      )}
      {hasNextPage && (
        <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          More
        </Button>
      )}
    </>
  );
}

function Card({ collection, inside }: { collection: Collection; inside: readonly Collection[] }) {
  const { id, title, coverUrl, videoIds, owner } = collection;
  const { subject } = usePerson();
  return (
    <li className={classes.card}>
      <Link to={`/collections/${id}`} className={classes.cover} tabIndex={-1} aria-hidden>
        {coverUrl === null ? <IconFolder size={30} stroke={1.4} /> : <img src={coverUrl} alt="" loading="lazy" />}
      </Link>
      <div className={classes.text}>
        <Link to={`/collections/${id}`} className={classes.title}>
          {title}
        </Link>
        <span className={classes.dim}>
          {count(videoIds.length, 'video')}
          {owner !== subject && (
            <>
              {' · '}
              <Called subject={owner} />
            </>
          )}
        </span>
        {inside.length > 0 && (
          <ul className={classes.inside} aria-label={`In ${title}`}>
            {inside.map((one) => (
              <li key={one.id}>
                <Link to={`/collections/${one.id}`}>{one.title}</Link>{' '}
                <span className={classes.dim}>{one.videoIds.length}</span>
              </li>
            ))}
          </ul>
        )}
      </div>
    </li>
  );
}

/** `parent`: the collection to make it in. */
export function NewCollection({ parent }: { parent?: string }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [title, setTitle] = useState('');
  const make = useMutation({
    mutationFn: () =>
      call('POST /api/collections', { body: { title: title.trim(), ...(parent !== undefined && { parent }) } }),
    onSuccess: async ({ id }) => {
      setTitle('');
      void client.invalidateQueries({ queryKey: ['collections'] });
      await navigate(`/collections/${id}`);
    },
  });
  return (
    <form
      className={classes.make}
      onSubmit={(event) => {
        event.preventDefault();
        if (title.trim() !== '') make.mutate();
      }}
    >
      <TextInput
        aria-label={parent === undefined ? 'Title of a new collection' : 'Title of a new collection inside'}
        placeholder={parent === undefined ? 'New collection' : 'New collection inside'}
        value={title}
        maxLength={200}
        error={make.error?.message}
        onChange={(event) => setTitle(event.currentTarget.value)}
      />
      <Button
        type="submit"
        variant="default"
        leftSection={<IconFolderPlus size={16} />}
        loading={make.isPending}
        disabled={title.trim() === ''}
      >
        Make
      </Button>
    </form>
  );
}
