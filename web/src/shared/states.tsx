/** The states every screen shares: something failed, nothing there, no right to see it. */
import { Button, Text, Title } from '@mantine/core';
import { IconCloudOff, IconLock, IconMovieOff, type Icon } from '@tabler/icons-react';
import type { ReactNode } from 'react';
import { Link } from 'react-router';
import { ApiProblem } from '../api/problem.ts';
import classes from './shared.module.css';

export function State(props: { icon: Icon; title: string; children: ReactNode; action?: ReactNode }) {
  const Picture = props.icon;
  return (
    <div className={classes.state}>
      <Picture size={40} stroke={1.4} aria-hidden />
      <Title order={2} fz="h4">
        {props.title}
      </Title>
      <Text c="dimmed" component="p" m={0}>
        {props.children}
      </Text>
      {props.action !== undefined && <div>{props.action}</div>}
    </div>
  );
}

/** What happened, what to do, and a button that tries again. */
export function Failure({ error, retry }: { error: unknown; retry: () => void }) {
  const problem = error instanceof ApiProblem ? error : undefined;
  return (
    <div role="alert">
      <State
        icon={IconCloudOff}
        title={problem?.status === 0 ? 'No connection' : 'This could not be loaded'}
        action={
          <Button variant="default" onClick={retry}>
            Try again
          </Button>
        }
      >
        {problem?.message ?? 'Something unexpected happened. Try again.'}
        {problem?.requestId !== undefined && ` (request ${problem.requestId})`}
      </State>
    </div>
  );
}

/** Asking again failed, and what was known before stays on the screen. */
export function Stale({ error }: { error: unknown }) {
  return (
    <Text c="red" size="sm" component="p" m={0} role="alert">
      {error instanceof Error ? error.message : 'Asking again failed.'} What is shown may be old.
    </Text>
  );
}

const home = (
  <Button variant="default" component={Link} to="/">
    To the library
  </Button>
);

export function NotFound({ what = 'page' }: { what?: string }) {
  return (
    <State icon={IconMovieOff} title={`No such ${what}`} action={home}>
      {what === 'page'
        ? 'The address leads nowhere.'
        : 'It was deleted, the address is mistyped, or it is private to somebody else.'}
    </State>
  );
}

export function NoRight({ children }: { children: ReactNode }) {
  return (
    <State icon={IconLock} title="Not for you to see" action={home}>
      {children}
    </State>
  );
}
