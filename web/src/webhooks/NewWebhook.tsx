import '@mantine/core/styles/Checkbox.css';
import { Button, Checkbox, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Webhook, WebhookType } from '../../../lib/contract/webhook.ts';
import { call } from '../api/client.ts';
import { webhooksQuery } from './queries.ts';
import classes from './webhooks.module.css';

/** All there are, in the order in which it comes to pass. */
const TYPES: Readonly<Record<WebhookType, string>> = {
  'video.uploaded': 'A video has arrived',
  'video.probed': 'A video was looked at',
  'video.playable': 'A video plays',
  'video.ready': 'A video is ready',
  'video.failed': 'A video failed',
  'video.trashed': 'A video was put into the trash',
  'video.restored': 'A video was restored',
  'video.deleted': 'A video was deleted for good',
  'device.alarm': 'A device raises an alarm',
  'device.attachment': 'A file of an alarm has arrived',
  'device.online': 'A device connects',
  'device.offline': 'A device disconnects',
  'device.refused': 'A device was refused',
};
const ALL = Object.keys(TYPES) as WebhookType[];

interface Props {
  readonly onEnd: (made?: Webhook & { readonly secret: string }) => void;
}

export function NewWebhook({ onEnd }: Props) {
  const client = useQueryClient();
  const [url, setUrl] = useState('');
  const [name, setName] = useState('');
  const [types, setTypes] = useState<string[]>(['video.ready', 'video.failed']);
  const make = useMutation({
    mutationFn: () =>
      call('POST /api/webhooks', {
        body: {
          url: url.trim(),
          types: ALL.filter((type) => types.includes(type)),
          ...(name.trim() !== '' && { name: name.trim() }),
        },
      }),
    onSuccess: async (made) => {
      await client.invalidateQueries({ queryKey: webhooksQuery.queryKey });
      onEnd(made);
    },
  });
  return (
    <form
      className={classes.form}
      aria-label="New webhook"
      onSubmit={(event) => {
        event.preventDefault();
        make.mutate();
      }}
    >
      <TextInput
        label="Address"
        placeholder="https://www.example.com/hooks/video"
        value={url}
        required
        error={make.error?.message}
        onChange={(event) => setUrl(event.currentTarget.value)}
      />
      <TextInput
        label="What it is for"
        value={name}
        maxLength={200}
        onChange={(event) => setName(event.currentTarget.value)}
      />
      <Checkbox.Group label="Told when" value={types} onChange={setTypes}>
        <div className={classes.types}>
          {Object.entries(TYPES).map(([type, label]) => (
            <Checkbox key={type} value={type} label={label} />
          ))}
        </div>
      </Checkbox.Group>
      <div className={classes.actions}>
        <Button type="submit" loading={make.isPending} disabled={url.trim() === '' || types.length === 0}>
          Make it
        </Button>
        <Button variant="default" onClick={() => onEnd()}>
          Cancel
        </Button>
      </div>
    </form>
  );
}
