import { Button, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconLinkOff, IconLock } from '@tabler/icons-react';
import { lazy, Suspense, useCallback, useState, type ReactNode } from 'react';
import { useSearchParams } from 'react-router';
import { VIDEO_ID } from '../../../lib/contract/keys.ts';
import { call, pathOf } from '../api/client.ts';
import { problemOf, unreachable, type ApiProblem } from '../api/problem.ts';
import { useSession } from '../auth/SessionContext.tsx';
import { forget, kept, unlock } from '../player/unlocking.ts';
import { unturned } from '../shared/unturned.ts';
import { exact } from '../shared/format.ts';
import { reach } from '../shared/reach.ts';
import { State } from '../shared/states.tsx';
import { Mark } from '../shell/Mark.tsx';
import { inSession, streamUrl } from './links.ts';
import { readManifest, type Manifest } from './manifest.ts';
import { BROKEN, refusalOf, type Refusal } from './refusal.ts';
import classes from './video.module.css';

/** Milliseconds until a manifest is asked for again that says there will be more. */
const GROWS_EVERY = 10_000;

const player = () => import('./Player.tsx');
const Player = lazy(player);

type Found = Manifest | { readonly refusal: Refusal; readonly status: number; readonly code: string };

/**
 * A video's address opened by somebody who is not signed in, or has no right to it of their own: the bare player if it
 * is public or the address carries a playback token, and if not, why. `otherwise`: what stands there for who came without a
 * link, and could have a right.
 */
export default function PublicVideo({ id, otherwise }: { id: string; otherwise: (why: Refusal) => ReactNode }) {
  const { manager, person } = useSession();
  const [search] = useSearchParams();
  const asked = search.get('token') ?? undefined;
  // What a password has opened instead.
  const [unlocked, setUnlocked] = useState(() => kept(asked));
  const token = unlocked ?? asked;
  const src = streamUrl('', id, { token });
  // Of this page and its player together: looking at the manifest is no play start of its own.
  const [session] = useState(() => crypto.randomUUID());
  const client = useQueryClient();
  const queryKey = ['manifest', id, token];
  const { data: found, refetch } = useQuery({
    queryKey,
    enabled: VIDEO_ID.test(id),
    queryFn: async ({ signal }): Promise<Found> => {
      player().catch(() => {});
      const known = client.getQueryData<Found>(queryKey);
      const refused = ({ status, code, message: detail }: ApiProblem, at: number): Found =>
        // Who watches already plays on, also when a token has ended.
        known && 'listed' in known
          ? { ...known, grows: false }
          : { refusal: refusalOf({ status, code, detail, token, now: at, spoken: exact }), status, code };
      try {
        const answer = await fetch(inSession(src, session), { signal });
        reach.answered();
        const text = await answer.text();
        if (answer.ok) return readManifest(text);
        return refused(problemOf(answer.status, text), Date.parse(answer.headers.get('date') ?? '') || Date.now());
      } catch (error) {
        if (signal.aborted) throw error;
        reach.failed();
        return refused(unreachable(error, reach.now === 'offline'), Date.now());
      }
    },
    staleTime: Infinity,
    refetchInterval: ({ state: { data } }) =>
      data === undefined ? false : 'refusal' in data ? (data.refusal.askIn ?? false) : data.grows && GROWS_EVERY,
  });
  const isWatched = found !== undefined && 'listed' in found;
  const { data: about } = useQuery({
    queryKey: ['about', id, token],
    enabled: isWatched,
    queryFn: ({ signal }) => call('GET /api/play/{id}/about', { params: { id }, query: { token }, signal }),
    staleTime: Infinity,
  });
  const signIn = useCallback(() => void manager.signIn(), [manager]);
  if (!VIDEO_ID.test(id)) return <LinkState refusal={BROKEN} isPage={!person} />;
  if (!found) return <div aria-busy="true" />;
  if ('refusal' in found) {
    const { refusal, status, code } = found;
    if (asked !== undefined && (code === 'link-locked' || (code === 'invalid-token' && unlocked !== undefined)))
      return <LockedLink id={id} token={asked} isPage={!person} opened={() => setUnlocked(kept(asked))} />;
    if (token === undefined && [401, 403, 404].includes(status)) return otherwise(refusal);
    return (
      <LinkState
        refusal={refusal}
        isPage={!person}
        {...(!person && refusal.maySignIn && { signIn })}
        {...(refusal.askIn !== undefined && { retry: () => void refetch() })}
      />
    );
  }
  const title = about?.title ?? 'Video';
  return (
    <div className={classes.bare} role={person ? undefined : 'main'}>
      <title>{`${unturned(title)} · Sluice`}</title>
      {about === undefined && <h1 className="visually-hidden">Video</h1>}
      <Suspense fallback={<div className={classes.stage} />}>
        <Player
          id={id}
          src={src}
          session={session}
          listed={found.listed}
          title={title}
          poster={about?.hasPoster ? pathOf('GET /api/play/{id}/poster', { id }, { token }) : undefined}
          storyboard={pathOf('GET /api/play/{id}/storyboard.vtt', { id }, { token })}
          width={about?.width ?? null}
          height={about?.height ?? null}
          {...(token !== undefined && {
            ended: 'This link has ended. Ask whoever gave it to you for a new one.',
          })}
        />
      </Suspense>
      {about && (
        <div className={classes.about}>
          <h1>{about.title}</h1>
          <Text c="dimmed" size="sm" component="div">
            <time dateTime={about.createdAt} title={exact(about.createdAt)}>
              {new Date(about.createdAt).toLocaleDateString(undefined, { dateStyle: 'long' })}
            </time>
          </Text>
          {about.description !== '' && <div>{about.description}</div>}
        </div>
      )}
      <p>
        <Mark size={20} /> Sluice
        {!person && (
          <Button variant="subtle" size="compact-sm" onClick={signIn}>
            Sign in
          </Button>
        )}
      </p>
    </div>
  );
}

/** What became of a link, and what helps. `isPage`: nothing stands around it. */
export function LinkState(props: { refusal: Refusal; isPage: boolean; signIn?: () => void; retry?: () => void }) {
  const { refusal, isPage, signIn, retry } = props;
  const action = retry ? (
    <Button variant="default" onClick={retry}>
      Try again
    </Button>
  ) : (
    signIn && (
      <Button variant="default" onClick={signIn}>
        Sign in
      </Button>
    )
  );
  return (
    <div role={isPage ? 'main' : undefined}>
      <title>{`${refusal.title} · Sluice`}</title>
      <div role="alert">
        <State icon={IconLinkOff} title={refusal.title} action={action}>
          {refusal.sentence}
        </State>
      </div>
    </div>
  );
}

/** A link that asks for a password; typed, it opens the video in this tab. */
function LockedLink(props: { id: string; token: string; isPage: boolean; opened: () => void }) {
  const { id, token, isPage, opened } = props;
  const [password, setPassword] = useState('');
  const open = useMutation({
    mutationFn: () => unlock('', id, token, password),
    onMutate: () => forget(token),
    onSuccess: opened,
  });
  return (
    <div role={isPage ? 'main' : undefined}>
      <title>Password · Sluice</title>
      <State icon={IconLock} title="This video asks for a password">
        Whoever gave you the link knows it.
      </State>
      <form
        className={classes.unlock}
        onSubmit={(event) => {
          event.preventDefault();
          open.mutate();
        }}
      >
        <TextInput
          type="password"
          aria-label="Password"
          autoComplete="off"
          value={password}
          maxLength={200}
          error={open.error?.message}
          onChange={(event) => setPassword(event.currentTarget.value)}
        />
        <Button type="submit" loading={open.isPending} disabled={password === ''}>
          Watch
        </Button>
      </form>
    </div>
  );
}
