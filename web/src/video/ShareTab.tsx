import '@mantine/core/styles/Alert.css';
import { Alert, Button, NativeSelect, Text } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { pageUrl } from '../../../lib/contract/embed.ts';
import type { Video } from '../../../lib/contract/video.ts';
import { call } from '../api/client.ts';
import { ApiProblem } from '../api/problem.ts';
import { Copy } from '../shared/Copy.tsx';
import { exact, moment, span } from '../shared/format.ts';
import { isPlayable } from '../shared/status.ts';
import { lifetimes, visibilities } from './links.ts';
import { Links } from './Links.tsx';
import { Streams } from './Streams.tsx';
import classes from './video.module.css';

export function ShareTab({ video, mayEdit }: { video: Video; mayEdit: boolean }) {
  const isPublic = video.visibility === 'public';
  return (
    <div className={classes.sections}>
      <section>
        <h2>Page</h2>
        <Copy text={pageUrl(location.origin, video.id)} label="Page link" />
        <Text c="dimmed" size="sm" component="p">
          {visibilities[video.visibility].label}: {lower(visibilities[video.visibility].means)}
          {mayEdit && video.visibility === 'entitled' && ' The Access tab lists them.'}
        </Text>
      </section>
      {isPublic && isPlayable(video) && <Streams video={video} token={undefined} />}
      {mayEdit && <Links video={video} />}
      {!mayEdit && !isPublic && isPlayable(video) && <Tokened video={video} />}
      {!isPlayable(video) && (
        <Text c="dimmed">Stream address and embed code appear here once the video can be played.</Text>
      )}
    </div>
  );
}

/** Who may watch and does not own it lets others watch as they do; it is minted on request, for a time of one's choice. */
function Tokened({ video }: { video: Video }) {
  // Without a time of one's own choice the link lasts as long as the deployment allows.
  const [seconds, setSeconds] = useState('');
  const [ceiling, setCeiling] = useState(Infinity);
  const mint = useMutation({
    mutationFn: () =>
      call('POST /api/videos/{id}/tokens', {
        params: { id: video.id },
        body: seconds === '' ? {} : { expiresIn: Number(seconds) },
      }),
    onError: (error) => {
      const limit = error instanceof ApiProblem ? error.limit : undefined;
      if (limit?.name !== 'playback.tokenMinutes') return;
      setCeiling(limit.value * 60);
      setSeconds('');
    },
  });
  return (
    <>
      <section>
        <h2>Signed link</h2>
        <Text c="dimmed" size="sm" component="p">
          Whoever has it can watch this one video until it expires, without signing in.
        </Text>
        <div className={classes.mint}>
          <NativeSelect
            aria-label="Works for"
            data={[
              { value: '', label: 'As long as possible' },
              ...lifetimes
                .filter(({ value }) => value <= ceiling)
                .map(({ value, label }) => ({ value: String(value), label })),
            ]}
            value={seconds}
            onChange={(event) => setSeconds(event.currentTarget.value)}
          />
          <Button variant={mint.data ? 'default' : 'filled'} loading={mint.isPending} onClick={() => mint.mutate()}>
            {mint.data ? 'Make another' : 'Make link'}
          </Button>
        </div>
        {mint.error && (
          <Alert color="red" variant="light" role="alert">
            {ceiling === Infinity
              ? mint.error.message
              : `Links work for at most ${span(ceiling)} here. Make one for as long as possible, or shorter.`}
          </Alert>
        )}
        {mint.data && <Copy text={pageUrl(location.origin, video.id, mint.data.token)} label="Signed link" />}
        {mint.data && (
          <Text size="sm" component="p" role="status">
            Works until{' '}
            <time dateTime={mint.data.expiresAt} title={exact(mint.data.expiresAt)}>
              {moment(Date.parse(mint.data.expiresAt))}
            </time>
            .
          </Text>
        )}
      </section>
      {mint.data && <Streams video={video} token={mint.data.token} />}
    </>
  );
}

const lower = (sentence: string): string => sentence.charAt(0).toLowerCase() + sentence.slice(1);
