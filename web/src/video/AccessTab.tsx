import '@mantine/core/styles/Radio.css';
import '@mantine/core/styles/Stack.css';
import { ActionIcon, Button, NativeSelect, Radio, Skeleton, Stack, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconX } from '@tabler/icons-react';
import { useState } from 'react';
import type { Grant, Video, Visibility } from '../../../lib/contract/video.ts';
import { call } from '../api/client.ts';
import { grantsQuery } from '../api/queries.ts';
import { exact } from '../shared/format.ts';
import { Failure } from '../shared/states.tsx';
import { usePatch } from './Editable.tsx';
import { lifetimes, visibilities } from './links.ts';
import classes from './video.module.css';
import { notify } from '../shared/notify.tsx';
import { Watching } from './Watching.tsx';

export function AccessTab({ video, isShown }: { video: Video; isShown: boolean }) {
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
      <Grants video={video} />
      <Watching video={video} isShown={isShown} />
    </div>
  );
}

function Grants({ video }: { video: Video }) {
  const { data, error, isPending, refetch } = useQuery(grantsQuery(video.id));
  return (
    <section>
      <h2>People on the list</h2>
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
      {isPending ? (
        <Skeleton height={72} />
      ) : !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : (
        <ul className={classes.grants}>
          {data.grants.map((grant) => (
            <GrantRow key={grant.subject} grant={grant} />
          ))}
          {data.grants.length === 0 && <li className={classes.dim}>Nobody yet.</li>}
        </ul>
      )}
      {video.origin !== undefined && video.visibility === 'entitled' && (
        <Text c="dimmed" size="sm" component="p">
          Besides, whoever is among the viewers of device {video.origin.device} may watch it.
        </Text>
      )}
      <AddGrant video={video} />
    </section>
  );
}

function GrantRow({ grant }: { grant: Grant }) {
  const client = useQueryClient();
  const remove = useMutation({
    mutationFn: () =>
      call('DELETE /api/videos/{id}/grants/{subject}', { params: { id: grant.videoId, subject: grant.subject } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['grants', grant.videoId] }),
    onError: (error) => notify({ color: 'red', title: 'Not removed', message: error.message }),
  });
  const until = grant.expiresAt === undefined ? undefined : grant.expiresAt * 1000;
  const isOver = until !== undefined && until < Date.now();
  return (
    <li>
      <span className={classes.subject} title={grant.subject}>
        {grant.subject}
      </span>
      <span className={classes.dim} title={until === undefined ? undefined : exact(until)}>
        {until === undefined
          ? 'until removed'
          : `${isOver ? 'ended' : 'until'} ${new Date(until).toLocaleDateString(undefined, { dateStyle: 'medium' })}`}
      </span>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Remove ${grant.subject}`}
        loading={remove.isPending}
        onClick={() => remove.mutate()}
      >
        <IconX size={16} />
      </ActionIcon>
    </li>
  );
}

function AddGrant({ video }: { video: Video }) {
  const client = useQueryClient();
  const [subject, setSubject] = useState('');
  const [seconds, setSeconds] = useState('');
  const add = useMutation({
    mutationFn: () =>
      call('PUT /api/videos/{id}/grants/{subject}', {
        params: { id: video.id, subject: subject.trim() },
        body: seconds === '' ? {} : { expiresIn: Number(seconds) },
      }),
    onSuccess: () => {
      setSubject('');
      return client.invalidateQueries({ queryKey: ['grants', video.id] });
    },
  });
  return (
    <form
      className={classes.addGrant}
      onSubmit={(event) => {
        event.preventDefault();
        if (subject.trim() !== '') add.mutate();
      }}
    >
      <TextInput
        label="Person"
        description="Their subject (sub) at the sign-in service"
        value={subject}
        maxLength={255}
        error={add.error?.message}
        onChange={(event) => setSubject(event.currentTarget.value)}
      />
      <div className={classes.mint}>
        <NativeSelect
          aria-label="For how long"
          data={[
            { value: '', label: 'Until removed' },
            ...lifetimes.slice(3).map(({ value, label }) => ({ value: String(value), label })),
          ]}
          value={seconds}
          onChange={(event) => setSeconds(event.currentTarget.value)}
        />
        <Button type="submit" variant="default" loading={add.isPending} disabled={subject.trim() === ''}>
          Add
        </Button>
      </div>
    </form>
  );
}
