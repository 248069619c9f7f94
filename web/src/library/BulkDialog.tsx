/** Changing the videos that are selected: their tags, who may watch them, and which collections they are in. */
import '@mantine/core/styles/Overlay.css';
import '@mantine/core/styles/ModalBase.css';
import '@mantine/core/styles/Modal.css';
import '@mantine/core/styles/Pill.css';
import '@mantine/core/styles/PillsInput.css';
import '@mantine/core/styles/Popover.css';
import { Button, Group, Modal, NativeSelect, TagsInput } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Collection } from '../../../lib/contract/collection.ts';
import type { Video, Visibility } from '../../../lib/contract/video.ts';
import { tagsQuery } from '../api/queries.ts';
import { collectionsQuery } from '../collections/queries.ts';
import { count } from '../shared/format.ts';
import { notify } from '../shared/notify.tsx';
import { visibilities } from '../video/links.ts';
import { changeMany, named, stale, type Change } from './bulk.ts';
import { tellRefused } from './refused.ts';

const actions = {
  tag: { label: 'Add tags', did: 'tagged', not: 'could not be tagged' },
  untag: { label: 'Take tags off', did: 'changed', not: 'could not be changed' },
  visibility: { label: 'Say who may watch', did: 'changed', not: 'could not be changed' },
  collect: { label: 'Put into a collection', did: 'put in', not: 'could not be put in' },
  uncollect: { label: 'Take out of a collection', did: 'taken out', not: 'could not be taken out' },
  move: { label: 'Move to another collection', did: 'moved', not: 'could not be moved' },
} as const;
type Action = keyof typeof actions;

interface Props {
  readonly videos: readonly Video[];
  readonly close: () => void;
  /** Told which were not changed: these stay selected. */
  readonly done: (left: readonly string[]) => void;
}

export default function BulkDialog(props: Props) {
  return (
    <Modal
      opened
      onClose={props.close}
      title={`Change ${named(props.videos)}`}
      centered
      closeButtonProps={{ 'aria-label': 'Close' }}
    >
      <Ask {...props} />
    </Modal>
  );
}

function Ask({ videos, close, done }: Props) {
  const client = useQueryClient();
  const [action, setAction] = useState<Action>('tag');
  const [tags, setTags] = useState<string[]>([]);
  const [typed, setTyped] = useState('');
  const [visibility, setVisibility] = useState<Visibility>('private');
  const [chosenFrom, setFrom] = useState('');
  const [chosenTo, setTo] = useState('');
  const [reached, setReached] = useState(0);
  const { data: known } = useQuery(tagsQuery);
  const isTags = action === 'tag' || action === 'untag';
  const isOut = action === 'uncollect' || action === 'move';
  const isIn = action === 'collect' || action === 'move';
  const some = useInfiniteQuery({ ...collectionsQuery, enabled: isIn || isOut });
  const collections = some.data?.pages.flatMap((page) => page.collections) ?? [];
  const holding = collections.filter(({ videoIds }) => videos.some(({ id }) => videoIds.includes(id)));
  const from = chosenOf(holding, chosenFrom);
  const others = collections.filter(({ id }) => action !== 'move' || id !== from?.id);
  const to = chosenOf(others, chosenTo);
  // Those that are not in it are no concern of its.
  const meant = isOut ? videos.filter(({ id }) => from?.videoIds.includes(id) === true) : videos;
  const own = [...new Set(videos.flatMap((video) => video.tags))].toSorted();
  const isReady = (!isTags || tags.length > 0) && (!isOut || from !== undefined) && (!isIn || to !== undefined);
  const run = useMutation({
    mutationFn: () => {
      const asked = { tags, visibility, from: from?.id ?? '', to: to?.id ?? '' };
      return changeMany(meant, changeOf(action, asked), setReached);
    },
    onSuccess: ({ done: changed, refused }) => {
      const { did, not } = actions[action];
      tellRefused(refused, not);
      if (changed.length > 0) notify({ message: `${named(changed)} ${did}.` });
      stale(client, changed);
      close();
      done(refused.map(({ video }) => video.id));
    },
  });
  return (
    <form
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady && !run.isPending) run.mutate();
      }}
    >
      <NativeSelect
        label="What to do"
        data={Object.entries(actions).map(([value, { label }]) => ({ value, label }))}
        value={action}
        onChange={(event) => {
          setAction(event.currentTarget.value as Action);
          setTags([]);
        }}
        data-autofocus
      />
      {isTags && (
        <TagsInput
          mt="md"
          label="Tags"
          placeholder={tags.length === 0 ? 'Type a tag, then Enter' : ''}
          data={action === 'untag' ? own : (known?.tags.map(({ tag }) => tag) ?? own)}
          value={tags}
          maxTags={20}
          searchValue={typed}
          onSearchChange={setTyped}
          // Open without a letter, it would lie over the buttons after each tag.
          dropdownOpened={typed !== ''}
          onChange={(next) => setTags(next.map((tag) => tag.trim().slice(0, 50)).filter((tag) => tag !== ''))}
        />
      )}
      {action === 'visibility' && (
        <NativeSelect
          mt="md"
          label="Who may watch"
          data={Object.entries(visibilities).map(([value, { label }]) => ({ value, label }))}
          value={visibility}
          onChange={(event) => setVisibility(event.currentTarget.value as Visibility)}
        />
      )}
      {isOut && (
        <Choice
          label={action === 'move' ? 'Out of' : 'Collection'}
          of={holding}
          chosen={from}
          choose={setFrom}
          none={some.data && 'None of them is in a collection of yours.'}
        />
      )}
      {isIn && (
        <Choice
          label={action === 'move' ? 'Into' : 'Collection'}
          of={others}
          chosen={to}
          choose={setTo}
          none={some.data && `There is ${action === 'move' ? 'no other' : 'none'} yet. Make one under Collections.`}
        />
      )}
      {(isIn || isOut) && some.hasNextPage && (
        <Button
          mt="xs"
          variant="subtle"
          size="compact-sm"
          loading={some.isFetchingNextPage}
          onClick={() => void some.fetchNextPage()}
        >
          More collections
        </Button>
      )}
      <Group justify="flex-end" mt="lg">
        {run.isPending && <span role="status">{`${reached} of ${count(meant.length, 'video')}`}</span>}
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button type="submit" disabled={!isReady} loading={run.isPending}>
          Change
        </Button>
      </Group>
    </form>
  );
}

/** The one that was chosen while it is among them, or else the first. */
const chosenOf = (among: readonly Collection[], id: string): Collection | undefined =>
  among.find((one) => one.id === id) ?? among[0];

interface ChoiceProps {
  readonly label: string;
  readonly of: readonly Collection[];
  readonly chosen: Collection | undefined;
  readonly choose: (id: string) => void;
  /** Said where there is nothing to choose from, once that is known. */
  readonly none: string | undefined;
}

function Choice({ label, of, chosen, choose, none }: ChoiceProps) {
  return (
    <NativeSelect
      mt="md"
      label={label}
      description={of.length === 0 ? none : undefined}
      data={of.map(({ id, title }) => ({ value: id, label: title }))}
      value={chosen?.id ?? ''}
      disabled={of.length === 0}
      onChange={(event) => choose(event.currentTarget.value)}
    />
  );
}

interface Asked {
  readonly tags: string[];
  readonly visibility: Visibility;
  readonly from: string;
  readonly to: string;
}

function changeOf(action: Action, { tags, visibility, from, to }: Asked): Change {
  switch (action) {
    case 'visibility':
      return { action, visibility };
    case 'collect':
      return { action, collection: to };
    case 'uncollect':
      return { action, collection: from };
    case 'move':
      return { action, from, to };
    default: // 'tag', 'untag'
      return { action, tags };
  }
}
