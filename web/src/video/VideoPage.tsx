import '@mantine/core/styles/Tabs.css';
import { Button, Tabs, Text } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconTrash } from '@tabler/icons-react';
import { lazy, Suspense, useCallback, useState } from 'react';
import { useNavigate, useParams, useSearchParams } from 'react-router';
import { VIDEO_ID } from '../../../lib/contract/keys.ts';
import type { Video } from '../../../lib/contract/video.ts';
import { call, pathOf } from '../api/client.ts';
import { hasCode } from '../api/problem.ts';
import { videoQuery } from '../api/queries.ts';
import { usePerson, useSession } from '../auth/SessionContext.tsx';
import { Fence } from '../shared/Fence.tsx';
import { clock } from '../shared/format.ts';
import { unturned } from '../shared/unturned.ts';
import { Called } from '../shared/people.tsx';
import { posterOf } from '../shared/posters.ts';
import { Failure, NoRight, NotFound } from '../shared/states.tsx';
import { isPlayable } from '../shared/status.ts';
import { StatusChip } from '../shared/StatusChip.tsx';
import { Ago } from '../shared/Time.tsx';
import { AccessTab } from './AccessTab.tsx';
import { DetailsTab } from './DetailsTab.tsx';
import { EditableDescription, EditableTags, EditableTitle } from './Editable.tsx';
import { streamUrl } from './links.ts';
import { PosterSection } from './PosterSection.tsx';
import PublicVideo from './PublicVideo.tsx';
import { Screen } from './Screen.tsx';
import { ShareTab } from './ShareTab.tsx';
import { Stage } from './Stage.tsx';
import { VideoSkeleton } from './VideoSkeleton.tsx';
import classes from './video.module.css';

const DeleteDialog = lazy(() => import('./DeleteDialog.tsx'));
const InsightTab = lazy(() => import('../insight/InsightTab.tsx'));
/** Without it the player is whole. */
const HeatLine = lazy(() => import('../insight/HeatLine.tsx').catch(() => ({ default: () => null })));

export default function VideoPage() {
  const { id = '' } = useParams();
  const { data: video, error, isPending, refetch } = useQuery({ ...videoQuery(id), enabled: VIDEO_ID.test(id) });
  if (!VIDEO_ID.test(id)) return <NotFound what="video" />;
  if (hasCode(error, 'not-found', 'forbidden')) {
    const refusal = hasCode(error, 'forbidden') ? (
      <NoRight>Ask its owner to let you watch it.</NoRight>
    ) : (
      <NotFound what="video" />
    );
    return <PublicVideo id={id} otherwise={() => refusal} />;
  }
  if (isPending) return <VideoSkeleton />;
  if (!video) return <Failure error={error} retry={() => void refetch()} />;
  return <Loaded key={video.id} video={video} />;
}

function Loaded({ video }: { video: Video }) {
  const person = usePerson();
  const { manager } = useSession();
  const navigate = useNavigate();
  const [search, setSearch] = useSearchParams();
  const [isDeleting, setDeleting] = useState<boolean>();
  const mayEdit = person.isAdmin || person.subject === video.owner;
  const tabs = mayEdit ? ['share', 'details', 'access', 'insight'] : ['share', 'details'];
  const asked = search.get('tab') ?? '';
  const tab = tabs.includes(asked) ? asked : 'share';
  // A tab is made when somebody first looks at it, and stays as they leave it.
  const [seen, setSeen] = useState<readonly string[]>([tab]);
  if (!seen.includes(tab)) setSeen([...seen, tab]);
  const poster = posterOf(video, Date.now());
  const bareSrc = useCallback(async () => {
    const { token } = await call('POST /api/videos/{id}/tokens', { params: { id: video.id }, body: {} });
    return streamUrl('', video.id, { token });
  }, [video.id]);

  const endOthers = useCallback(
    () => call('DELETE /api/sessions/{subject}', { params: { subject: person.subject } }),
    [person.subject],
  );

  return (
    <div className={classes.room}>
      <title>{`${unturned(video.title)} · Sluice`}</title>
      <div className={classes.page}>
        <div className={classes.left}>
          {isPlayable(video) ? (
            <Screen
              // A new revision is a new stream; the same one keeps playing while renditions arrive.
              key={video.revision}
              id={video.id}
              src={pathOf('GET /api/play/{id}/main.m3u8', { id: video.id })}
              listed={JSON.stringify([video.renditions.map(({ kind, name }) => `${kind}/${name}`), video.texts ?? []])}
              title={video.title}
              poster={poster}
              storyboard={video.storyboardUrl ?? undefined}
              width={video.width}
              height={video.height}
              token={manager.token}
              bareSrc={bareSrc}
              endOthers={endOthers}
              duration={video.duration}
              above={
                mayEdit &&
                video.duration !== null && (
                  <Suspense>
                    <HeatLine id={video.id} duration={video.duration} />
                  </Suspense>
                )
              }
            />
          ) : (
            <Stage video={video} />
          )}
          <EditableTitle video={video} mayEdit={mayEdit} />
          <div className={classes.facts}>
            <StatusChip video={video} />
            <Text component="span" c="dimmed">
              <Called subject={video.owner} /> · <Ago at={video.createdAt} />
              {video.duration !== null && ` · ${clock(video.duration)}`}
            </Text>
            {mayEdit && (
              <Button
                className={classes.delete}
                variant="subtle"
                color="red"
                c="var(--bad)"
                size="compact-sm"
                leftSection={<IconTrash size={15} />}
                onClick={() => setDeleting(true)}
              >
                Delete
              </Button>
            )}
          </div>
          <EditableTags video={video} mayEdit={mayEdit} />
          <EditableDescription video={video} mayEdit={mayEdit} />
        </div>
        <div className={classes.right}>
          <Tabs
            value={tab}
            onChange={(value) =>
              setSearch(value === null || value === 'share' ? {} : { tab: value }, { replace: true })
            }
          >
            <Tabs.List grow>
              <Tabs.Tab value="share">Share</Tabs.Tab>
              <Tabs.Tab value="details">Details</Tabs.Tab>
              {mayEdit && <Tabs.Tab value="access">Access</Tabs.Tab>}
              {mayEdit && <Tabs.Tab value="insight">Insight</Tabs.Tab>}
            </Tabs.List>
            <Tabs.Panel value="share" className={classes.panel}>
              {seen.includes('share') && <ShareTab video={video} mayEdit={mayEdit} />}
            </Tabs.Panel>
            <Tabs.Panel value="details" className={classes.panel}>
              {seen.includes('details') && <DetailsTab video={video} isShown={tab === 'details'} mayEdit={mayEdit} />}
              {seen.includes('details') && mayEdit && isPlayable(video) && (
                <div className={classes.more}>
                  <PosterSection video={video} />
                </div>
              )}
            </Tabs.Panel>
            {mayEdit && (
              <Tabs.Panel value="access" className={classes.panel}>
                {seen.includes('access') && <AccessTab video={video} isShown={tab === 'access'} />}
              </Tabs.Panel>
            )}
            {mayEdit && (
              <Tabs.Panel value="insight" className={classes.panel}>
                {seen.includes('insight') && (
                  <Fence>
                    <Suspense>
                      <InsightTab video={video} isShown={tab === 'insight'} />
                    </Suspense>
                  </Fence>
                )}
              </Tabs.Panel>
            )}
          </Tabs>
        </div>
      </div>
      {isDeleting !== undefined && (
        <Suspense>
          <DeleteDialog
            videos={isDeleting ? [video] : []}
            close={() => setDeleting(false)}
            done={() => void navigate('/', { replace: true })}
          />
        </Suspense>
      )}
    </div>
  );
}
