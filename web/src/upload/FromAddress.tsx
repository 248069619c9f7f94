import { Button, TextInput } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { useState, type FormEvent } from 'react';
import { Link } from 'react-router';
import type { Encryption } from './encryption.ts';
import { call } from '../api/client.ts';
import classes from './upload.module.css';

/** Has the platform fetch a video itself: it goes on whatever becomes of this page. */
export function FromAddress({ encryption }: { encryption: Encryption | undefined }) {
  const client = useQueryClient();
  const [address, setAddress] = useState('');
  const [isAsking, setAsking] = useState(false);
  const [error, setError] = useState<string>();
  const [begun, setBegun] = useState<string>();
  const submit = async (event: FormEvent) => {
    event.preventDefault();
    setAsking(true);
    setError(undefined);
    setBegun(undefined);
    try {
      const { videoId } = await call('POST /api/videos', { body: { sourceUrl: address.trim(), encryption } });
      setBegun(videoId);
      setAddress('');
      void client.invalidateQueries({ queryKey: ['videos'] });
    } catch (problem) {
      setError((problem as Error).message);
    } finally {
      setAsking(false);
    }
  };
  return (
    <form className={classes.address} onSubmit={(event) => void submit(event)}>
      <TextInput
        size="xs"
        aria-label="Address of a video"
        placeholder="or the https address of a file"
        value={address}
        error={error}
        onChange={(event) => setAddress(event.currentTarget.value)}
      />
      <Button type="submit" size="xs" variant="default" loading={isAsking} disabled={address.trim() === ''}>
        Fetch
      </Button>
      {begun !== undefined && (
        <p role="status">
          It is being fetched: <Link to={`/v/${begun}`}>its page</Link> shows how far it is.
        </p>
      )}
    </form>
  );
}
