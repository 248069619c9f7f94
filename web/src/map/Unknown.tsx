import { ActionIcon, Button } from '@mantine/core';
import { queryOptions, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconX } from '@tabler/icons-react';
import type { ResponseOf } from '../../../lib/contract/api.ts';
import { call } from '../api/client.ts';
import { rememberDevice } from '../fleet/queries.ts';
import { unturned } from '../shared/unturned.ts';
import { notify } from '../shared/notify.tsx';
import { Ago } from '../shared/Time.tsx';
import classes from './map.module.css';

type Unknown = ResponseOf<'GET /api/devices/unknown'>['devices'][number];

/** For admins only: others are refused. */
const unknownQuery = () =>
  queryOptions({
    queryKey: ['unknown-devices'],
    queryFn: ({ signal }) => call('GET /api/devices/unknown', { signal }),
    staleTime: 5_000,
    refetchInterval: 10_000,
  });

/** Devices that came lately and were refused because nobody has registered them. For admins. */
export function UnknownDevices({ adopted }: { adopted: (id: string) => void }) {
  const { data, error, refetch } = useQuery(unknownQuery());
  if (error && !data) {
    return (
      <section className={classes.unknown} role="alert">
        <h2>Not registered</h2>
        <p>
          {error.message}{' '}
          <Button variant="default" size="compact-xs" onClick={() => void refetch()}>
            Try again
          </Button>
        </p>
      </section>
    );
  }
  if (!data || data.devices.length === 0) return null;
  return (
    <section className={classes.unknown} aria-labelledby="unknown-title">
      <h2 id="unknown-title">Not registered</h2>
      <p>They came and were refused. Adopt those that are yours; they are let in when they try again.</p>
      <ul>
        {data.devices.map((device) => (
          <UnknownRow key={device.id} device={device} adopted={adopted} />
        ))}
      </ul>
    </section>
  );
}

function UnknownRow({ device, adopted }: { device: Unknown; adopted: (id: string) => void }) {
  const client = useQueryClient();
  const { id, plate } = device;
  const forget = () =>
    client.setQueryData(
      unknownQuery().queryKey,
      (data) => data && { devices: data.devices.filter((one) => one.id !== id) },
    );
  const onError = (error: Error) => notify({ color: 'red', title: 'Not done', message: error.message });
  const adopt = useMutation({
    mutationFn: () =>
      call('POST /api/devices', { body: { id, ...(plate !== undefined && plate !== '' && { name: plate }) } }),
    onSuccess: (made) => {
      forget();
      rememberDevice(client, made);
      notify({ message: `${unturned(made.name)} is registered. Its name and channels are set on its own page.` });
      adopted(id);
    },
    onError,
  });
  const dismiss = useMutation({
    mutationFn: () => call('DELETE /api/devices/unknown/{id}', { params: { id } }),
    onSuccess: forget,
    onError,
  });
  return (
    <li>
      <span>
        <strong>{plate ?? id}</strong>
        <small>
          {[
            plate !== undefined && id,
            device.model,
            `from ${device.address}`,
            device.count === 1 ? 'one try' : `${device.count} tries`,
          ]
            .filter(Boolean)
            .join(', ')}
          , <Ago at={device.lastSeenAt} />
        </small>
      </span>
      <Button
        size="compact-sm"
        variant="light"
        aria-label={`Adopt ${plate ?? id}`}
        loading={adopt.isPending}
        onClick={() => adopt.mutate()}
      >
        Adopt
      </Button>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Take ${plate ?? id} off this list`}
        title="Take off this list"
        loading={dismiss.isPending}
        onClick={() => dismiss.mutate()}
      >
        <IconX size={16} />
      </ActionIcon>
    </li>
  );
}
