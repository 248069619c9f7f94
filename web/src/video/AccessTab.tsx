import '@mantine/core/styles/Radio.css';
import '@mantine/core/styles/Stack.css';
import { Radio, Stack, Text } from '@mantine/core';
import { useInfiniteQuery } from '@tanstack/react-query';
import { Fragment } from 'react';
import { Link } from 'react-router';
import type { Video, Visibility } from '../../../lib/contract/video.ts';
import { call } from '../api/client.ts';
import { collectionsQuery } from '../collections/queries.ts';
import { Giving } from '../sharing/Giving.tsx';
import { Watching } from '../sharing/Watching.tsx';
import { around } from './around.ts';
import { usePatch } from './Editable.tsx';
import { visibilities } from './links.ts';
import classes from './video.module.css';

export function AccessTab({ video, isShown }: { video: Video; isShown: boolean }) {
  const { id } = video;
  const patch = usePatch(video);
  const shown = patch.isPending ? (patch.variables.visibility ?? video.visibility) : video.visibility;
  return (
    <div className={classes.sections}>
      <section>
        <h2 id="who">Who may watch</h2>
        <Radio.Group aria-labelledby="who" value={shown} onChange={(value) => patch.mutate({ visibility: value })}>
          <Stack gap={10}>
            {(Object.keys(visibilities) as Visibility[]).map((value) => (
              <Radio
                key={value}
                value={value}
                label={visibilities[value].label}
                description={visibilities[value].means}
                disabled={patch.isPending}
              />
            ))}
          </Stack>
        </Radio.Group>
      </section>
      <Grants video={video} isShown={isShown} />
      <Watching
        of={[id]}
        list={(signal) => call('GET /api/videos/{id}/sessions', { params: { id }, signal })}
        isShown={isShown}
        end={(session) =>
          session === undefined
            ? call('DELETE /api/videos/{id}/sessions', { params: { id } })
            : call('DELETE /api/videos/{id}/sessions/{session}', { params: { id, session } })
        }
      />
    </div>
  );
}

function Grants({ video, isShown }: { video: Video; isShown: boolean }) {
  return (
    <section>
      <h2>Who it was given to</h2>
      {video.visibility === 'private' && (
        <Text c="dimmed" size="sm" component="p">
          The list counts once the video is Entitled.
        </Text>
      )}
      {video.visibility === 'public' && (
        <Text c="dimmed" size="sm" component="p">
          Everybody may watch now; the list counts when the video is Entitled.
        </Text>
      )}
      {video.origin !== undefined && video.visibility === 'entitled' && (
        <Text c="dimmed" size="sm" component="p">
          Besides, whoever is among the viewers of device {video.origin.device} may watch it.
        </Text>
      )}
      {isShown && video.visibility === 'entitled' && <ByOthers video={video} />}
      <Giving resource={`video:${video.id}`} address={`${location.origin}/v/${video.id}`} />
    </section>
  );
}

/** What lets others in beside the grants on the video itself: they stand where it was given, not in this list. */
function ByOthers({ video: { id, tags } }: { video: Video }) {
  const { data, hasNextPage } = useInfiniteQuery(collectionsQuery);
  const ways = around(id, data?.pages.flatMap(({ collections }) => collections) ?? []).map((one) => (
    <Link key={one.id} to={`/collections/${one.id}`}>
      {one.title}
    </Link>
  ));
  const others = [
    ...ways,
    ...(data === undefined || hasNextPage
      ? [ways.length > 0 ? 'another collection it is in' : 'a collection it is in']
      : []),
    ...(tags.length > 0 ? ['one of its tags'] : []),
  ];
  return others.length === 0 ? null : (
    <Text c="dimmed" size="sm" component="p">
      Besides, whoever was given{' '}
      {others.map((one, index) => (
        <Fragment key={index}>
          {index > 0 && ' or '}
          {one}
        </Fragment>
      ))}{' '}
      may watch it.
    </Text>
  );
}
