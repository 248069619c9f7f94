/** Webhooks, for admins: which addresses are told what, and making another one. */
import { Button, Skeleton, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconWebhook } from '@tabler/icons-react';
import { useState } from 'react';
import { usePerson } from '../auth/SessionContext.tsx';
import { Copy } from '../shared/Copy.tsx';
import { Failure, NoRight, State } from '../shared/states.tsx';
import { NewWebhook } from './NewWebhook.tsx';
import { webhooksQuery } from './queries.ts';
import { WebhookRow } from './WebhookRow.tsx';
import classes from './webhooks.module.css';

export default function WebhooksPage() {
  const { isAdmin } = usePerson();
  return (
    <div className={classes.page}>
      <title>Webhooks · Sluice</title>
      <Title order={1} fz="h3">
        Webhooks
      </Title>
      {isAdmin ? <Webhooks /> : <NoRight>Webhooks are kept by admins.</NoRight>}
    </div>
  );
}

function Webhooks() {
  const { data, error, isPending, refetch } = useQuery(webhooksQuery);
  const [isMaking, setMaking] = useState(false);
  const [told, setTold] = useState<{ readonly name: string; readonly secret: string }>();
  if (isPending) return <Skeleton height={160} radius={10} aria-busy="true" />;
  if (!data) return <Failure error={error} retry={() => void refetch()} />;
  return (
    <>
      {told && (
        <section className={classes.secret} aria-label="Secret">
          <p>
            The secret of <bdi>{told.name}</bdi>, told this once. Check with it that what comes is from here, as the
            Standard Webhooks libraries do.
          </p>
          <Copy text={told.secret} label="Secret" />
        </section>
      )}
      {data.webhooks.length === 0 && !isMaking ? (
        <State
          icon={IconWebhook}
          title="No webhooks yet"
          action={<Button onClick={() => setMaking(true)}>New webhook</Button>}
        >
          A server of yours can be told when a video is ready or has failed, and when a device raises an alarm.
        </State>
      ) : (
        <>
          <ul className={classes.list} aria-label="Webhooks">
            {data.webhooks.map((one) => (
              <WebhookRow
                key={one.id}
                webhook={one}
                onSecret={(secret) => setTold({ name: one.name ?? one.url, secret })}
              />
            ))}
          </ul>
          {isMaking ? (
            <NewWebhook
              onEnd={(made) => {
                setMaking(false);
                if (made) setTold({ name: made.name ?? made.url, secret: made.secret });
              }}
            />
          ) : (
            <Button variant="default" onClick={() => setMaking(true)}>
              New webhook
            </Button>
          )}
        </>
      )}
    </>
  );
}
