import { Button, Text, Title } from '@mantine/core';
import { useState } from 'react';
import { Mark } from '../shell/Mark.tsx';
import { useSession } from './SessionContext.tsx';
import classes from './signin.module.css';

/**
 * What a person without a session sees: why that is so, where there is something to say. The address is kept: after signing
 * in they are where they wanted to be.
 */
export default function SignIn({ why }: { why?: string }) {
  const { manager, config, ended } = useSession();
  const reason = ended ?? why;
  const [leaving, setLeaving] = useState(false);
  const [error, setError] = useState<string>();
  const go = () => {
    setLeaving(true);
    setError(undefined);
    manager.signIn().catch(() => {
      setLeaving(false);
      setError(`${new URL(config.issuer).host} did not answer. Check the connection and try again.`);
    });
  };
  return (
    <main className={classes.page}>
      <title>Sign in · Sluice</title>
      <div className={classes.card}>
        <Mark size={44} />
        <Title order={1} fz="h2">
          Sluice
        </Title>
        {reason === undefined ? (
          <Text c="dimmed">Upload a video, watch it being sliced, play and share it.</Text>
        ) : (
          <Text role="status">{reason}</Text>
        )}
        <Button onClick={go} loading={leaving} size="md" fullWidth mt="sm" data-autofocus>
          Sign in
        </Button>
        <Text c="dimmed" size="xs">
          through {new URL(config.issuer).host}
        </Text>
        <div role="alert">{error !== undefined && <Text c="red">{error}</Text>}</div>
      </div>
    </main>
  );
}
