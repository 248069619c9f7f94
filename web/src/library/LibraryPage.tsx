import { Button, Skeleton, Text, Title } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { lazy, Suspense, useEffect, useMemo, useRef, useState } from 'react';
import { useSearchParams } from 'react-router';
import { tagsQuery, videosQuery } from '../api/queries.ts';
import { count } from '../shared/format.ts';
import { Failure } from '../shared/states.tsx';
import { isVideoStatus } from '../shared/status.ts';
import { clipped, isAsked, moreIn } from './more.ts';
import { between, isSort, sorted, tagsOf } from './sort.ts';
import { Toolbar, type View } from './Toolbar.tsx';
import { VideoCard } from './VideoCard.tsx';
import classes from './library.module.css';

// What most visits never show comes when it is.
const Empty = lazy(() => import('./Empty.tsx'));
const SelectionBar = lazy(() => import('./SelectionBar.tsx'));
const DeleteDialog = lazy(() => import('../video/DeleteDialog.tsx'));
const TrashCard = lazy(() => import('./TrashCard.tsx'));

/** The address holds what is searched, filtered and sorted, so that it can be shared and Back undoes it. */
function useView() {
  const [search, setSearch] = useSearchParams();
  const status = search.get('status');
  const sort = search.get('sort');
  const view = {
    q: clipped(search.get('q'), 200),
    status: isVideoStatus(status) ? status : '',
    tag: clipped(search.get('tag'), 50),
    shared: search.get('shared') === '1' ? '1' : '',
    trash: search.get('trash') === '1' ? '1' : '',
    sort: isSort(sort) ? sort : 'newest',
    ...moreIn((name) => search.get(name)),
  } satisfies View;
  const change = (changes: Partial<View>) => {
    const after = { ...view, ...changes };
    const next = Object.entries(after).filter(
      ([name, value]) =>
        value !== '' &&
        !(name === 'sort' && value === 'newest') &&
        // What others share is asked for without its owner, and has no places.
        !(after.shared === '1' && /^(own|near|within|rec)/.test(name)),
    );
    // Typing in the search field should not fill the history.
    setSearch(next, { replace: 'q' in changes });
  };
  return { view, change };
}

export function LibraryPage() {
  const { view, change } = useView();
  const { sort, ...asked } = view;
  const { shared, trash } = asked;
  const filters = { ...asked, q: asked.q.trim() };
  const Card = trash === '1' ? TrashCard : VideoCard;
  const isFiltered = filters.q !== '' || filters.status !== '' || filters.tag !== '' || isAsked(filters);
  const query = useInfiniteQuery(videosQuery(filters));
  const { data, error, isPending, isPlaceholderData, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = query;
  const loaded = useMemo(() => data?.pages.flatMap((page) => page.videos) ?? [], [data]);
  const videos = useMemo(() => sorted(loaded, sort), [loaded, sort]);
  const { data: all } = useQuery(tagsQuery);
  // Until all are known, or where they cannot be asked for, those of what is loaded.
  const tags = useMemo(() => all?.tags.map(({ tag }) => tag) ?? tagsOf(loaded, 40), [all, loaded]);
  const selection = useSelection(videos.map((video) => video.id));
  const [isDeleting, setDeleting] = useState(false);
  const chosen = videos.filter((video) => selection.ids.has(video.id));

  return (
    <>
      <title>Library · Sluice</title>
      <div className={classes.head}>
        <Title order={1} fz="h3">
          Library
        </Title>
        <Text c="dimmed" role="status" aria-live="polite">
          {data && !isPlaceholderData && (videos.length > 0 || isFiltered)
            ? `${count(videos.length, 'video')}${hasNextPage ? ' loaded, more below' : isFiltered ? ' found' : ''}`
            : ''}
        </Text>
      </div>
      <Toolbar view={view} change={change} tags={tags} />
      {sort !== 'newest' && hasNextPage && (
        <Text c="dimmed" size="sm" mb="sm">
          Sorted among the {loaded.length} loaded so far; the rest joins as you scroll.
        </Text>
      )}
      {isPending ? (
        <Skeletons />
      ) : !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : videos.length === 0 && !hasNextPage ? (
        <Suspense>
          <Empty
            isFiltered={isFiltered}
            asked={{
              hasWords: filters.q !== '',
              isOfRecording: filters.near + filters.recordedFrom + filters.recordedTo !== '',
            }}
            of={trash === '1' ? 'trash' : shared === '1' ? 'shared' : 'own'}
            change={change}
          />
        </Suspense>
      ) : (
        <ul
          className={classes.grid}
          aria-label="Videos"
          data-stale={isPlaceholderData}
          data-selecting={chosen.length > 0}
        >
          <Suspense>
            {videos.map((video) => (
              <Card key={video.id} video={video} isSelected={selection.ids.has(video.id)} select={selection.toggle} />
            ))}
          </Suspense>
        </ul>
      )}
      {data && (
        <More
          key={videos.length}
          isOn={hasNextPage && !isFetchingNextPage && error === null}
          reach={() => void fetchNextPage()}
        />
      )}
      {isFetchingNextPage && <Skeletons some={4} />}
      {data && error && (
        <div className={classes.more} role="alert">
          <Text c="red">{error.message}</Text>
          <Button variant="default" onClick={() => void (hasNextPage ? fetchNextPage() : refetch())}>
            Try again
          </Button>
        </div>
      )}
      <Suspense>
        {chosen.length > 0 && (
          <SelectionBar
            chosen={chosen}
            all={() => selection.set(new Set(videos.map((video) => video.id)))}
            none={() => selection.set(new Set())}
            only={(ids) => selection.set(new Set(ids))}
            remove={() => setDeleting(true)}
          />
        )}
        {isDeleting && (
          <DeleteDialog videos={chosen} close={() => setDeleting(false)} done={() => selection.set(new Set())} />
        )}
      </Suspense>
    </>
  );
}

function useSelection(ids: readonly string[]) {
  const [chosen, set] = useState<ReadonlySet<string>>(new Set());
  const last = useRef<string>(undefined);
  const order = useRef(ids);
  useEffect(() => {
    order.current = ids;
  });
  const [toggle] = useState(() => (id: string, isRange: boolean) => {
    const range = isRange ? between(order.current, last.current, id) : [id];
    last.current = id;
    set((before) => {
      const after = new Set(before);
      const isOn = isRange || !before.has(id);
      for (const one of range) {
        if (isOn) after.add(one);
        else after.delete(one);
      }
      return after;
    });
  });
  return { ids: chosen, toggle, set };
}

/** Asks for the next page a screen before the end of this one comes into view. */
function More({ isOn, reach }: { isOn: boolean; reach: () => void }) {
  const mark = useRef<HTMLDivElement>(null);
  const latest = useRef(reach);
  useEffect(() => {
    latest.current = reach;
  });
  useEffect(() => {
    if (!isOn || !mark.current) return undefined;
    const observer = new IntersectionObserver(([entry]) => entry?.isIntersecting === true && latest.current(), {
      rootMargin: '800px',
    });
    observer.observe(mark.current);
    return () => observer.disconnect();
  }, [isOn]);
  return <div ref={mark} />;
}

function Skeletons({ some = 12 }: { some?: number }) {
  return (
    <div className={classes.grid} aria-busy="true">
      <span className="visually-hidden" role="status">
        Loading videos
      </span>
      {Array.from({ length: some }, (_, index) => (
        <div key={index} className={classes.card}>
          <Skeleton className={classes.poster} radius={0} />
          <div className={classes.text}>
            <Skeleton height={14} mt={5} width="72%" />
            <Skeleton height={12} mt={10} width="46%" />
          </div>
        </div>
      ))}
    </div>
  );
}
