/** Links to a video, for its owner and admins: made, shown once, listed and ended. */
import '@mantine/core/styles/Alert.css';
import { Alert, Button, NativeSelect, Skeleton, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { pageUrl } from '../../../lib/contract/embed.ts';
import type { Link } from '../../../lib/contract/link.ts';
import type { Video } from '../../../lib/contract/video.ts';
import { call } from '../api/client.ts';
import { linksQuery } from '../api/queries.ts';
import { Copy } from '../shared/Copy.tsx';
import { exact } from '../shared/format.ts';
import { notify } from '../shared/notify.tsx';
import { isPlayable } from '../shared/status.ts';
import { Failure } from '../shared/states.tsx';
import { useNow } from '../shared/Time.tsx';
import { linkLifetimes, sitesOf } from './links.ts';
import { Streams } from './Streams.tsx';
import classes from './video.module.css';

const DAY = { dateStyle: 'medium' } as const;

export function Links({ video }: { video: Video }) {
  const { data, error, isPending, refetch } = useQuery(linksQuery(video.id));
  const [token, setToken] = useState<string>();
  return (
    <>
      <section>
        <h2>Links</h2>
        <Text c="dimmed" size="sm" component="p">
          Whoever has one can watch this video without signing in, until it is over or you end it.
        </Text>
        <NewLink video={video} made={setToken} />
        {token !== undefined && <Copy text={pageUrl(location.origin, video.id, token)} label="Link" />}
        {token !== undefined && (
          <Text size="sm" component="p" role="status">
            This is shown once: copy it now, or the embed code below.
          </Text>
        )}
        {isPending ? (
          <Skeleton height={72} />
        ) : !data ? (
          <Failure error={error} retry={() => void refetch()} />
        ) : (
          <ul className={classes.grants} aria-label="Links">
            {data.links.map((link) => (
              <Row key={link.id} link={link} />
            ))}
            {data.links.length === 0 && <li className={classes.dim}>None yet.</li>}
          </ul>
        )}
      </section>
      {token !== undefined && isPlayable(video) && <Streams video={video} token={token} />}
    </>
  );
}

function Row({ link }: { link: Link }) {
  const client = useQueryClient();
  const now = useNow();
  const { id, videoId, name = 'Link', createdAt, expiresAt, endedAt, hasPassword, sites } = link;
  const end = useMutation({
    mutationFn: () => call('DELETE /api/videos/{id}/links/{link}', { params: { id: videoId, link: id } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['links', videoId] }),
    onError: (problem) => notify({ color: 'red', title: 'Not ended', message: problem.message }),
  });
  const isExpired = expiresAt !== undefined && Date.parse(expiresAt) <= now;
  const day = (at: string) => new Date(at).toLocaleDateString(undefined, DAY);
  const until =
    endedAt !== undefined
      ? `ended ${day(endedAt)}`
      : expiresAt === undefined
        ? 'until ended'
        : `${isExpired ? 'expired' : 'until'} ${day(expiresAt)}`;
  const about = [until, hasPassword && 'password', sites && sites.map((site) => new URL(site).host).join(', ')];
  return (
    <li>
      <span className={classes.subject} title={`Made ${exact(createdAt)}`}>
        {name}
      </span>
      <span className={classes.dim} title={expiresAt === undefined ? undefined : exact(expiresAt)}>
        {about.filter(Boolean).join(' · ')}
      </span>
      {endedAt === undefined && !isExpired && (
        <Button
          variant="default"
          size="compact-xs"
          aria-label={`End ${name}`}
          loading={end.isPending}
          onClick={() => end.mutate()}
        >
          End
        </Button>
      )}
    </li>
  );
}

function NewLink({ video, made }: { video: Video; made: (token: string) => void }) {
  const client = useQueryClient();
  const [name, setName] = useState('');
  const [seconds, setSeconds] = useState('');
  const [password, setPassword] = useState('');
  const [places, setPlaces] = useState('');
  const asked = sitesOf(places);
  const wrong = 'wrong' in asked ? asked.wrong : undefined;
  const make = useMutation({
    mutationFn: () => {
      const sites = 'sites' in asked ? asked.sites : [];
      return call('POST /api/videos/{id}/links', {
        params: { id: video.id },
        body: {
          ...(name.trim() !== '' && { name: name.trim() }),
          ...(seconds !== '' && { expiresIn: Number(seconds) }),
          ...(password !== '' && { password }),
          ...(sites.length > 0 && { sites: [...sites] }),
        },
      });
    },
    onSuccess: ({ token }) => {
      made(token);
      for (const clear of [setName, setPassword, setPlaces]) clear('');
      return client.invalidateQueries({ queryKey: ['links', video.id] });
    },
  });
  return (
    <form
      className={classes.addGrant}
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <TextInput
        label="For whom"
        placeholder="Optional, for your own list"
        value={name}
        maxLength={100}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <TextInput
        label="Password"
        placeholder="None"
        autoComplete="off"
        value={password}
        minLength={6}
        maxLength={200}
        onChange={(event) => setPassword(event.currentTarget.value)}
      />
      <TextInput
        label="Only on these sites"
        placeholder="Any, or such as www.example.com"
        value={places}
        error={wrong === undefined ? undefined : `${wrong} is no address of a site.`}
        onChange={(event) => setPlaces(event.currentTarget.value)}
      />
      <div className={classes.mint}>
        <NativeSelect
          aria-label="Works for"
          data={[
            { value: '', label: 'Until ended' },
            ...linkLifetimes.map(({ value, label }) => ({ value: String(value), label })),
          ]}
          value={seconds}
          onChange={(event) => setSeconds(event.currentTarget.value)}
        />
        <Button type="submit" loading={make.isPending} disabled={wrong !== undefined}>
          Make link
        </Button>
      </div>
      {make.error && (
        <Alert color="red" variant="light" role="alert">
          {make.error.message}
        </Alert>
      )}
    </form>
  );
}
