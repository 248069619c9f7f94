import { Skeleton, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import type { HealthState } from '../../../lib/contract/operations-api.ts';
import { usePerson } from '../auth/SessionContext.tsx';
import { call } from '../api/client.ts';
import { Ago } from '../shared/Time.tsx';
import { Failure, NoRight, Stale } from '../shared/states.tsx';
import chips from '../shared/shared.module.css';
import classes from './health.module.css';

const STATES: Readonly<Record<HealthState, { label: string; tone: string; whole: string }>> = {
  ok: { label: 'Fine', tone: 'good', whole: 'Nothing is wrong.' },
  soon: { label: 'Soon', tone: 'busy', whole: 'Something is to be looked after in the next working hours.' },
  urgent: { label: 'Urgent', tone: 'bad', whole: 'Something is wrong now.' },
};

/** One line a part: how it is, since when, what to do. The worst first. */
export default function HealthPage() {
  const { isAdmin } = usePerson();
  const { data, error, refetch } = useQuery({
    queryKey: ['health'],
    queryFn: ({ signal }) => call('GET /api/health', { signal }),
    enabled: isAdmin,
    refetchInterval: 30_000,
  });
  return (
    <div className={classes.page}>
      <title>Health · Sluice</title>
      <Title order={1} fz="h3">
        Health
      </Title>
      {!isAdmin ? (
        <NoRight>How the platform is, admins see.</NoRight>
      ) : data === undefined ? (
        error ? (
          <Failure error={error} retry={() => void refetch()} />
        ) : (
          <Skeleton height={240} radius={10} aria-busy="true" />
        )
      ) : (
        <>
          {error && <Stale error={error} />}
          <p className={classes.whole} role="status">
            {STATES[data.state].whole}
          </p>
          <ul className={classes.parts}>
            {data.parts.map(({ part, state, since, says, todo, article }) => (
              <li key={part}>
                <span className={chips.chip} data-tone={STATES[state].tone}>
                  {STATES[state].label}
                </span>
                <div>
                  <p>{says}</p>
                  {todo !== undefined && <p className={classes.todo}>{todo}</p>}
                  {article !== undefined && <p className={classes.more}>docs/{article}</p>}
                </div>
                {since !== null && (
                  <span className={classes.since}>
                    since <Ago at={since} />
                  </span>
                )}
              </li>
            ))}
          </ul>
        </>
      )}
    </div>
  );
}
