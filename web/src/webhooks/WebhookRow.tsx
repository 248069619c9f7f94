/** One webhook: how it is, what can be done with it, and what was sent. */
import { Button } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Delivery, Webhook } from '../../../lib/contract/webhook.ts';
import { call } from '../api/client.ts';
import { count, moment } from '../shared/format.ts';
import { notify } from '../shared/notify.tsx';
import { Failure } from '../shared/states.tsx';
import { Ago } from '../shared/Time.tsx';
import chips from '../shared/shared.module.css';
import { deliveriesQuery, webhooksQuery } from './queries.ts';
import { subjectOf } from './subject.ts';
import classes from './webhooks.module.css';

interface Props {
  readonly webhook: Webhook;
  readonly onSecret: (secret: string) => void;
}

export function WebhookRow({ webhook, onSecret }: Props) {
  const { id, url, name, types, enabled, failing, waiting, missed } = webhook;
  const [isOpen, setOpen] = useState(false);
  const [isLeaving, setLeaving] = useState(false);
  const client = useQueryClient();
  const params = { webhook: id };
  const act = useMutation({
    mutationFn: (what: () => Promise<unknown>) => what(),
    onSettled: () => client.invalidateQueries({ queryKey: webhooksQuery.queryKey }),
    onError: (error) => notify({ color: 'red', title: 'Not done', message: error.message }),
  });
  const [label, tone] = !enabled ? ['Off', ''] : failing !== undefined ? ['Failing', 'bad'] : ['On', 'good'];
  return (
    <li>
      <div className={classes.head}>
        <span className={chips.chip} data-tone={tone}>
          {label}
        </span>
        <div className={classes.what}>
          <strong>{name ?? url}</strong>
          {name !== undefined && <p>{url}</p>}
          <p>{types.join(', ')}</p>
          {failing !== undefined && (
            <p>
              Nothing got through since <Ago at={failing} />.
              {waiting !== undefined && ` Waiting: ${count(waiting, 'message')}, one of which at a time is tried.`}
            </p>
          )}
          {missed !== undefined && <p>Not kept, since too many waited: {count(missed, 'message')}.</p>}
        </div>
      </div>
      <div className={classes.actions}>
        <Button variant="default" size="xs" aria-expanded={isOpen} onClick={() => setOpen(!isOpen)}>
          What was sent
        </Button>
        <Button
          variant="default"
          size="xs"
          disabled={!enabled}
          onClick={() => {
            setOpen(true);
            act.mutate(() => call('POST /api/webhooks/{webhook}/test', { params }));
          }}
        >
          Send a test
        </Button>
        <Button
          variant="default"
          size="xs"
          onClick={() =>
            act.mutate(async () => {
              const { secret } = await call('POST /api/webhooks/{webhook}/secret', { params });
              onSecret(secret);
            })
          }
        >
          New secret
        </Button>
        <Button
          variant="default"
          size="xs"
          onClick={() =>
            act.mutate(() => call('PATCH /api/webhooks/{webhook}', { params, body: { enabled: !enabled } }))
          }
        >
          {enabled ? 'Turn off' : 'Turn on'}
        </Button>
        {isLeaving ? (
          <>
            <Button
              color="red"
              size="xs"
              onClick={() => act.mutate(() => call('DELETE /api/webhooks/{webhook}', { params }))}
            >
              Delete it
            </Button>
            <Button variant="default" size="xs" onClick={() => setLeaving(false)}>
              Keep it
            </Button>
          </>
        ) : (
          <Button variant="default" size="xs" onClick={() => setLeaving(true)}>
            Delete…
          </Button>
        )}
      </div>
      {isOpen && <Deliveries webhook={id} enabled={enabled} />}
    </li>
  );
}

const STATES: Readonly<Record<Delivery['state'], readonly [label: string, tone: string]>> = {
  waiting: ['Waiting', 'busy'],
  delivered: ['Delivered', 'good'],
  failed: ['Failed', 'bad'],
};

function Deliveries({ webhook, enabled }: { webhook: string; enabled: boolean }) {
  const query = useInfiniteQuery(deliveriesQuery(webhook));
  const { data, error, isPending, hasNextPage, isFetchingNextPage, fetchNextPage, refetch } = query;
  if (isPending) return <p aria-busy="true">…</p>;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  const all = data.pages.flatMap(({ deliveries }) => deliveries);
  if (all.length === 0 && !hasNextPage) return <p>Nothing in the last 30 days.</p>;
  return (
    <>
      <ul className={classes.deliveries} aria-label="What was sent">
        {all.map((one) => (
          <DeliveryLine key={one.id} webhook={webhook} delivery={one} enabled={enabled} />
        ))}
      </ul>
      {hasNextPage && (
        <Button variant="default" size="xs" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Further back
        </Button>
      )}
    </>
  );
}

interface LineProps {
  readonly webhook: string;
  readonly delivery: Delivery;
  readonly enabled: boolean;
}

function DeliveryLine({ webhook, delivery: { id, type, at, state, attempts, nextAt, payload }, enabled }: LineProps) {
  const client = useQueryClient();
  const replay = useMutation({
    mutationFn: () =>
      call('POST /api/webhooks/{webhook}/deliveries/{delivery}/replay', { params: { webhook, delivery: id } }),
    // All of them: whether it fails is said by the webhook, not by what was sent.
    onSettled: () => client.invalidateQueries({ queryKey: webhooksQuery.queryKey }),
    onError: (error) => notify({ color: 'red', title: 'Not sent again', message: error.message }),
  });
  const [label, tone] = STATES[state];
  const last = attempts.at(-1);
  const subject = subjectOf(payload);
  return (
    <li>
      <details>
        <summary>
          <span className={chips.chip} data-tone={tone}>
            {label}
          </span>{' '}
          {type}
          {subject !== undefined && ` of ${subject}`} · <Ago at={at} />
          {last && ` · ${last.status ?? 'no answer'}`}
        </summary>
        <ol>
          {attempts.map((one) => (
            <li key={one.at}>
              <Ago at={one.at} />: {one.status ?? 'no answer'} after {one.ms} ms. {one.error}
            </li>
          ))}
        </ol>
        {nextAt !== undefined && <p>Tried again at {moment(Date.parse(nextAt))}.</p>}
        <pre>{payload}</pre>
        <Button
          variant="default"
          size="xs"
          disabled={!enabled}
          loading={replay.isPending}
          onClick={() => replay.mutate()}
        >
          Send again
        </Button>
      </details>
    </li>
  );
}
