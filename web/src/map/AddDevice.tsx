import '@mantine/core/styles/Overlay.css';
import '@mantine/core/styles/ModalBase.css';
import '@mantine/core/styles/Modal.css';
import { Button, Group, Modal, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import { DEVICE_ID } from '../../../lib/contract/live-keys.ts';
import { call } from '../api/client.ts';
import { rememberDevice } from '../fleet/queries.ts';

/** Registers a device that has not come yet. */
export function AddDevice(props: { opened: boolean; close: () => void; added: (id: string) => void }) {
  return (
    <Modal
      opened={props.opened}
      onClose={props.close}
      title="Register a device"
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Form close={props.close} added={props.added} />
    </Modal>
  );
}

function Form({ close, added }: { close: () => void; added: (id: string) => void }) {
  const client = useQueryClient();
  const [phone, setPhone] = useState('');
  const [name, setName] = useState('');
  // Devices are configured with leading zeros, which the id is without.
  const id = phone
    .trim()
    .toLowerCase()
    .replace(/^0+(?=.)/, '');
  const isId = DEVICE_ID.test(id);
  const add = useMutation({
    mutationFn: () => call('POST /api/devices', { body: { id, ...(name.trim() !== '' && { name: name.trim() }) } }),
    onSuccess: (device) => {
      rememberDevice(client, device);
      close();
      added(device.id);
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isId) add.mutate();
      }}
    >
      <TextInput
        label="Terminal phone number"
        description="As it is set in the device; leading zeros do not count"
        value={phone}
        inputMode="numeric"
        autoComplete="off"
        data-autofocus
        error={phone.trim() !== '' && !isId ? 'At most 20 digits' : undefined}
        onChange={(event) => setPhone(event.currentTarget.value)}
      />
      <TextInput
        mt="md"
        label="Name"
        description="For example its number plate; the phone number if left empty"
        value={name}
        maxLength={200}
        autoComplete="off"
        onChange={(event) => setName(event.currentTarget.value)}
      />
      {add.error && (
        <Text c="red" size="sm" mt="md" role="alert">
          {add.error.message}
        </Text>
      )}
      <Group justify="flex-end" mt="lg">
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button type="submit" disabled={!isId} loading={add.isPending}>
          Register
        </Button>
      </Group>
    </form>
  );
}
