import { Button } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { lazy, Suspense, type ReactNode } from 'react';
import { useSearchParams } from 'react-router';
import { pathOf } from '../api/client.ts';
import { useSession } from '../auth/SessionContext.tsx';
import { Mark } from '../shell/Mark.tsx';
import { streamUrl } from './links.ts';
import { readManifest, type Manifest } from './manifest.ts';
import classes from './video.module.css';

/** Milliseconds until a manifest is asked for again that says there will be more. */
const GROWS_EVERY = 10_000;

const Player = lazy(() => import('./Player.tsx'));

/**
 * A video's address opened by somebody who is not signed in, or has no right to it of their own: the bare player if it
 * is public or the address carries a playback token, `otherwise` if not.
 */
export default function PublicVideo({ id, otherwise }: { id: string; otherwise: ReactNode }) {
  const { manager, person } = useSession();
  const [search] = useSearchParams();
  const token = search.get('token') ?? undefined;
  const src = streamUrl('', id, { token });
  const client = useQueryClient();
  const queryKey = ['manifest', id, token];
  const { data: manifest, isPending } = useQuery({
    queryKey,
    queryFn: async ({ signal }) => {
      const answer = await fetch(src, { signal });
      if (answer.ok) return readManifest(await answer.text());
      // Who watches already plays on, also when a token has ended.
      const known = client.getQueryData<Manifest>(queryKey);
      return known ? { ...known, grows: false } : null;
    },
    staleTime: Infinity,
    refetchInterval: ({ state }) => (state.data?.grows === true ? GROWS_EVERY : false),
  });
  if (isPending) return <div aria-busy="true" />;
  if (!manifest) return otherwise;
  return (
    <div className={classes.bare} role={person ? undefined : 'main'}>
      <title>Video · Sluice</title>
      <h1 className="visually-hidden">Video</h1>
      <Suspense fallback={<div className={classes.stage} />}>
        <Player
          src={src}
          listed={manifest.listed}
          title="Video"
          storyboard={pathOf('GET /api/play/{id}/storyboard.vtt', { id }, { token })}
          width={null}
          height={null}
        />
      </Suspense>
      <p>
        <Mark size={20} /> Sluice
        {!person && (
          <Button variant="subtle" size="compact-sm" onClick={() => void manager.signIn()}>
            Sign in
          </Button>
        )}
      </p>
    </div>
  );
}
