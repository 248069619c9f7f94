/** What was watched and how well it played: of one video (`/v/{id}/insight`), or for admins of all (`/insight`). */
import { Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { ReactNode } from 'react';
import { Link, useParams } from 'react-router';
import { VIDEO_ID } from '../../../lib/contract/keys.ts';
import { hasCode } from '../api/problem.ts';
import { videoQuery } from '../api/queries.ts';
import { usePerson } from '../auth/SessionContext.tsx';
import { Failure, NoRight, NotFound } from '../shared/states.tsx';
import { Loading, OfAll, OfVideo } from './Reports.tsx';
import { RangeChoice, useChosen } from './RangeChoice.tsx';
import classes from './insight.module.css';

export default function InsightPage() {
  const { id } = useParams();
  return id === undefined ? <AllPage /> : <VideoPage key={id} id={id} />;
}

function Page({ title, about, children }: { title: string; about?: ReactNode; children: ReactNode }) {
  return (
    <div className={classes.room}>
      <title>{`${title} · Sluice`}</title>
      <div className={classes.top}>
        <div>
          <Title order={1} fz="h3">
            Insight
          </Title>
          {about}
        </div>
        <RangeChoice chosen={useChosen()} />
      </div>
      {children}
    </div>
  );
}

function AllPage() {
  const { isAdmin } = usePerson();
  const chosen = useChosen();
  return (
    <Page title="Insight" about={<p className={classes.dim}>All videos and channels</p>}>
      {!isAdmin ? (
        <NoRight>What is watched of everybody, admins see. Of a video of yours, its Insight tab tells.</NoRight>
      ) : (
        chosen.problem === undefined && <OfAll range={chosen} />
      )}
    </Page>
  );
}

function VideoPage({ id }: { id: string }) {
  const person = usePerson();
  const chosen = useChosen();
  const { data: video, error, isPending, refetch } = useQuery({ ...videoQuery(id), enabled: VIDEO_ID.test(id) });
  if (!VIDEO_ID.test(id) || hasCode(error, 'not-found')) return <NotFound what="video" />;
  if (hasCode(error, 'forbidden') || (video && !person.isAdmin && person.subject !== video.owner))
    return <NoRight>Who watches it, its owner and admins see.</NoRight>;
  if (isPending) return <Loading />;
  if (!video) return <Failure error={error} retry={() => void refetch()} />;
  return (
    <Page title={`Insight, ${video.title}`} about={<Link to={`/v/${id}`}>{video.title}</Link>}>
      {chosen.problem === undefined && <OfVideo id={id} duration={video.duration ?? 0} range={chosen} />}
    </Page>
  );
}
