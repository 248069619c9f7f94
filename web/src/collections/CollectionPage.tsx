/** One collection: its videos in their order, and for who keeps it all that can be changed. */
import { Button, Skeleton, Text, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconMovie } from '@tabler/icons-react';
import { lazy, Suspense } from 'react';
import { Link, useParams } from 'react-router';
import type { ResponseOf } from '../../../lib/contract/api.ts';
import type { Video } from '../../../lib/contract/video.ts';
import { hasCode } from '../api/problem.ts';
import { usePerson } from '../auth/SessionContext.tsx';
import { clock, count } from '../shared/format.ts';
import { unturned } from '../shared/unturned.ts';
import { Called } from '../shared/people.tsx';
import { posterOf } from '../shared/posters.ts';
import { Failure, NotFound, State } from '../shared/states.tsx';
import { collectionQuery } from './queries.ts';
import classes from './collections.module.css';

const Keep = lazy(() => import('./Keep.tsx'));

export type Whole = ResponseOf<'GET /api/collections/{collection}'>;

export default function CollectionPage() {
  const { id = '' } = useParams();
  const { data, error, isPending, refetch } = useQuery(collectionQuery(id));
  const person = usePerson();
  if (isPending) {
    return (
      <div aria-busy="true">
        <Skeleton height={28} width={280} mb="lg" />
        <Skeleton height={72} mb="sm" />
        <Skeleton height={72} />
      </div>
    );
  }
  if (!data) {
    if (hasCode(error, 'not-found') || hasCode(error, 'invalid-request')) return <NotFound what="collection" />;
    return <Failure error={error} retry={() => void refetch()} />;
  }
  const mayKeep = person.isAdmin || person.subject === data.owner;
  return (
    <>
      <title>{`${unturned(data.title)} · Sluice`}</title>
      <Text c="dimmed" size="sm" component="p" m={0}>
        <Link to={data.parent === undefined ? '/collections' : `/collections/${data.parent}`}>
          {data.parent === undefined ? 'Collections' : 'The collection it is in'}
        </Link>
      </Text>
      <div className={classes.head}>
        <Title order={1} fz="h3">
          {data.title}
        </Title>
        <Text c="dimmed">
          {count(data.videoIds.length, 'video')} · <Called subject={data.owner} />
        </Text>
      </div>
      {data.description !== '' && <p className={classes.prose}>{data.description}</p>}
      {mayKeep ? (
        <Suspense fallback={<Skeleton height={160} />}>
          <Keep collection={data} />
        </Suspense>
      ) : (
        <Watch collection={data} />
      )}
    </>
  );
}

function Watch({ collection: { title, videos } }: { collection: Whole }) {
  if (videos.length === 0) {
    return (
      <State
        icon={IconMovie}
        title="Nothing to watch in it now"
        action={
          <Button variant="default" component={Link} to="/?shared=1">
            What is shared with me
          </Button>
        }
      >
        Whoever keeps this collection may put something in later.
      </State>
    );
  }
  return (
    <ol className={classes.rows} aria-label={`Videos in ${title}`}>
      {videos.map((video) => (
        <li key={video.id}>
          <VideoLine video={video} />
        </li>
      ))}
    </ol>
  );
}

export function VideoLine({ video }: { video: Video }) {
  const poster = posterOf(video, Date.now());
  return (
    <>
      <Link to={`/v/${video.id}`} className={classes.still} tabIndex={-1} aria-hidden>
        {poster === undefined ? <IconMovie size={20} stroke={1.4} /> : <img src={poster} alt="" loading="lazy" />}
      </Link>
      <span className={classes.line}>
        <Link to={`/v/${video.id}`} className={classes.title} title={video.title}>
          {video.title}
        </Link>
        <span className={classes.dim}>{video.duration === null ? video.status : clock(video.duration)}</span>
      </span>
    </>
  );
}
