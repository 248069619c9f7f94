/** Who watches a video or a device now, for who may end it. */
import { Button, Skeleton, Text } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import type { Watching as Shown } from '../../../lib/contract/session.ts';
import { unlessPushed } from '../push/pushed.ts';
import { watchingTopic } from '../push/topics.ts';
import { exact } from '../shared/format.ts';
import { notify } from '../shared/notify.tsx';
import { useCalled } from '../shared/people.tsx';
import { Failure } from '../shared/states.tsx';
import { Ago } from '../shared/Time.tsx';
import classes from './sharing.module.css';

type Session = Shown & { readonly channel?: number };

interface Props {
  /** What is watched, as its cached list is called. */
  readonly of: readonly string[];
  readonly list: (signal: AbortSignal) => Promise<{ sessions: readonly Session[]; isWhole: boolean }>;
  /** Ends one, or all. */
  readonly end: (session: string | undefined) => Promise<unknown>;
  /** What each watches, where that is not the same of all. */
  readonly whatOf?: (session: Session) => string;
  readonly isShown: boolean;
}

/** ms between two looks. */
const EVERY = 10_000;

export function Watching({ of, list, end: endNow, whatOf, isShown }: Props) {
  const queryKey = ['watching', ...of];
  const { data, error, isPending, refetch } = useQuery({
    queryKey,
    queryFn: ({ signal }) => list(signal),
    refetchInterval: () => unlessPushed(watchingTopic(of), EVERY),
    enabled: isShown,
  });
  const client = useQueryClient();
  const end = useMutation({
    mutationFn: (session: Session | undefined) => endNow(session?.session),
    onSettled: () => client.invalidateQueries({ queryKey }),
    onError: (problem) => notify({ color: 'red', title: 'Not ended', message: problem.message }),
  });
  const sessions = data?.sessions ?? [];
  return (
    <section>
      <h2>Watching now{sessions.length > 0 && `: ${sessions.length}${data?.isWhole === false ? ' and more' : ''}`}</h2>
      {isPending ? (
        <Skeleton height={72} />
      ) : !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : (
        <ul className={classes.grants} aria-label="Watching now">
          {sessions.map((session) => (
            <Row
              key={session.session}
              session={session}
              what={whatOf?.(session)}
              isEnding={end.isPending && end.variables === session}
              end={() => end.mutate(session)}
            />
          ))}
          {sessions.length === 0 && <li className={classes.dim}>Nobody.</li>}
        </ul>
      )}
      {data && !data.isWhole && (
        <Text c="dimmed" size="sm" component="p">
          And more: these are the newest {sessions.length}.
        </Text>
      )}
      {sessions.length > 1 && (
        <Button
          variant="default"
          size="xs"
          loading={end.isPending && end.variables === undefined}
          onClick={() => end.mutate(undefined)}
        >
          End all {sessions.length}
        </Button>
      )}
    </section>
  );
}

interface RowProps {
  readonly session: Session;
  readonly what: string | undefined;
  readonly isEnding: boolean;
  readonly end: () => void;
}

function Row({ session, what, isEnding, end }: RowProps) {
  const { subject, link, startedAt, until, renews } = session;
  const called = useCalled(subject ?? '');
  const unknown = link === null ? 'somebody' : 'somebody by a link';
  const who = subject === null ? unknown : called.name;
  return (
    <li>
      <span className={classes.subject} title={subject === null ? unknown : called.title}>
        {who}
      </span>
      {what !== undefined && <span className={classes.dim}>{what}</span>}
      <span className={classes.dim} title={renews ? undefined : `May be playing until ${exact(Date.parse(until))}`}>
        since <Ago at={startedAt} />
      </span>
      <Button
        variant="subtle"
        color="gray"
        size="compact-xs"
        aria-label={`End what ${who} watches`}
        loading={isEnding}
        onClick={end}
      >
        End
      </Button>
    </li>
  );
}
