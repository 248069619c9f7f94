import '@mantine/core/styles/Overlay.css';
import '@mantine/core/styles/ModalBase.css';
import '@mantine/core/styles/Modal.css';
import '@mantine/core/styles/Pill.css';
import '@mantine/core/styles/PillsInput.css';
import '@mantine/core/styles/Checkbox.css';
import { ActionIcon, Button, Checkbox, Modal, NativeSelect, TagsInput, Text, TextInput } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { IconPlus, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import type { Device, LivePolicy } from '../../../lib/contract/device.ts';
import { call } from '../api/client.ts';
import { hasCode } from '../api/problem.ts';
import { rememberDevice } from '../fleet/queries.ts';
import { count } from '../shared/format.ts';
import { unturned } from '../shared/unturned.ts';
import { notify } from '../shared/notify.tsx';
import {
  draftOf,
  faultsOf,
  freeNumber,
  patchOf,
  policies,
  RETENTION,
  type ChannelDraft,
  type Draft,
} from './settings.ts';
import classes from './device.module.css';

interface Props {
  readonly device: Device;
  readonly close: () => void;
  readonly deleted: () => void;
}

/** For admins. */
export default function SettingsDialog(props: Props) {
  return (
    <Modal
      opened
      onClose={props.close}
      title={`Settings of ${props.device.name}`}
      size="xl"
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Settings {...props} />
      <Forget {...props} />
    </Modal>
  );
}

function Settings({ device, close }: Props) {
  const client = useQueryClient();
  // What was there when the form was opened: the record changes every few seconds.
  const [original] = useState(device);
  const [draft, setDraft] = useState<Draft>(() => draftOf(device));
  const [wasTried, setTried] = useState(false);
  const faults = wasTried ? faultsOf(draft) : {};
  const patch = patchOf(original, draft);
  const isChanged = Object.keys(patch).length > 0;
  const save = useMutation({
    mutationFn: async () => {
      const params = { id: device.id };
      const newest = await call('GET /api/devices/{id}', { params });
      return await call('PATCH /api/devices/{id}', { params, body: patchOf(original, draft, newest) });
    },
    onSuccess: (changed) => {
      rememberDevice(client, changed);
      close();
      notify({ message: `${unturned(changed.name)} is saved.` });
    },
  });
  const set = (part: Partial<Draft>) => setDraft({ ...draft, ...part });
  const setChannel = (index: number, part: Partial<ChannelDraft>) =>
    set({ channels: draft.channels.map((one, i) => (i === index ? { ...one, ...part } : one)) });
  return (
    <form
      className={classes.settings}
      noValidate
      onSubmit={(event) => {
        event.preventDefault();
        setTried(true);
        if (Object.keys(faultsOf(draft)).length === 0) save.mutate();
      }}
    >
      <div className={classes.three}>
        <TextInput
          label="Name"
          value={draft.name}
          maxLength={200}
          data-autofocus
          error={faults['name']}
          onChange={(event) => set({ name: event.currentTarget.value })}
        />
        <TextInput
          label="Time zone"
          title="The zone that the device's own clock is set to"
          value={draft.timeZone}
          list="time-zones"
          autoComplete="off"
          error={faults['timeZone']}
          onChange={(event) => set({ timeZone: event.currentTarget.value })}
        />
        <datalist id="time-zones">
          {Intl.supportedValuesOf('timeZone').map((zone) => (
            <option key={zone} value={zone} />
          ))}
        </datalist>
        <NativeSelect
          label="Keep recordings for"
          data={RETENTION.map((days) => ({ value: String(days), label: count(days, 'day') }))}
          value={draft.retentionDays}
          onChange={(event) => set({ retentionDays: event.currentTarget.value })}
        />
      </div>
      <TextInput
        label="Tags"
        description="Between commas. Rules of alarms may go by them."
        value={draft.tags}
        error={faults['tags']}
        onChange={(event) => set({ tags: event.currentTarget.value })}
      />
      <fieldset className={classes.channels}>
        <legend>Channels</legend>
        {draft.channels.map((channel, i) => (
          <div key={i}>
            <TextInput
              aria-label={`Number of channel ${i + 1}`}
              className={classes.number}
              value={channel.number}
              inputMode="numeric"
              maxLength={3}
              error={faults[`channel ${i}`]}
              onChange={(event) => setChannel(i, { number: event.currentTarget.value })}
            />
            <TextInput
              aria-label={`Name of channel ${i + 1}`}
              className={classes.grow}
              value={channel.name}
              maxLength={100}
              error={faults[`channel name ${i}`]}
              onChange={(event) => setChannel(i, { name: event.currentTarget.value })}
            />
            <NativeSelect
              aria-label={`When channel ${i + 1} sends`}
              data={Object.entries(policies).map(([value, label]) => ({ value, label }))}
              value={channel.live}
              onChange={(event) => setChannel(i, { live: event.currentTarget.value as LivePolicy })}
            />
            <NativeSelect
              aria-label={`Encoding of channel ${i + 1}`}
              data={[
                { value: 'main', label: 'Main stream' },
                { value: 'sub', label: 'Sub stream' },
              ]}
              value={channel.stream}
              onChange={(event) => setChannel(i, { stream: event.currentTarget.value as 'main' | 'sub' })}
            />
            <Checkbox
              size="xs"
              label="Record sound"
              aria-label={`Record sound of channel ${i + 1}`}
              title="Without it, the sound of a channel that always sends is kept while somebody watches"
              // In a row as wide as it is; in a narrow window below the others.
              style={{ alignSelf: 'center', whiteSpace: 'nowrap', gridRow: 4, gridColumn: '1 / 3' }}
              disabled={channel.live !== 'always'}
              checked={channel.live === 'always' && channel.sound}
              onChange={(event) => setChannel(i, { sound: event.currentTarget.checked })}
            />
            <ActionIcon
              variant="subtle"
              color="gray"
              size={36}
              aria-label={`Remove channel ${i + 1}`}
              onClick={() => set({ channels: draft.channels.filter((_, j) => j !== i) })}
            >
              <IconX size={16} />
            </ActionIcon>
          </div>
        ))}
        <Button
          variant="default"
          size="compact-sm"
          leftSection={<IconPlus size={15} />}
          disabled={draft.channels.length >= 64}
          onClick={() => {
            const number = freeNumber(draft.channels);
            const added: ChannelDraft = {
              number,
              name: `Channel ${number}`,
              live: 'on-demand',
              stream: 'main',
              sound: false,
            };
            set({ channels: [...draft.channels, added] });
          }}
        >
          Add a channel
        </Button>
      </fieldset>
      <TagsInput
        label="Viewers"
        description="Subjects (sub) at the sign-in service who may see and watch it, besides admins"
        placeholder={draft.viewers.length === 0 ? 'Type a subject, then Enter' : ''}
        value={[...draft.viewers]}
        maxTags={200}
        onChange={(viewers) =>
          set({ viewers: viewers.map((one) => one.trim().slice(0, 255)).filter((one) => one !== '') })
        }
      />
      {save.error && (
        <Text c="red" size="sm" role="alert">
          {save.error.message}
        </Text>
      )}
      <div className={classes.buttons}>
        <Button type="submit" loading={save.isPending} disabled={!isChanged}>
          Save
        </Button>
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
      </div>
    </form>
  );
}

const WORD = 'delete';

function Forget({ device, deleted }: Props) {
  const client = useQueryClient();
  const [typed, setTyped] = useState('');
  const isMeant = typed.trim().toLowerCase() === WORD;
  const forget = useMutation({
    mutationFn: async () => {
      try {
        await call('DELETE /api/devices/{id}', { params: { id: device.id } });
      } catch (error) {
        if (!hasCode(error, 'not-found')) throw error;
      }
    },
    onSuccess: () => {
      notify({ message: `${unturned(device.name)} is deleted.` });
      deleted();
      client.removeQueries({ queryKey: ['device', device.id] });
      void client.invalidateQueries({ queryKey: ['devices'] });
    },
  });
  return (
    <form
      className={classes.forget}
      onSubmit={(event) => {
        event.preventDefault();
        if (isMeant) forget.mutate();
      }}
    >
      <h3>Delete this device</h3>
      <p>It is refused from then on. What it recorded goes when its time to be kept is over; clips stay.</p>
      <div className={classes.buttons}>
        <TextInput
          aria-label={`Type “${WORD}” to confirm`}
          placeholder={`Type “${WORD}”`}
          value={typed}
          autoComplete="off"
          spellCheck={false}
          error={forget.error?.message}
          onChange={(event) => setTyped(event.currentTarget.value)}
        />
        <Button type="submit" color="red.9" disabled={!isMeant} loading={forget.isPending}>
          Delete device
        </Button>
      </div>
    </form>
  );
}
