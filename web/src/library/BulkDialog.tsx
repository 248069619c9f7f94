/** Changing the videos that are selected: their tags, who may watch them, and which collection they are in. */
import '@mantine/core/styles/Overlay.css';
import '@mantine/core/styles/ModalBase.css';
import '@mantine/core/styles/Modal.css';
import '@mantine/core/styles/Pill.css';
import '@mantine/core/styles/PillsInput.css';
import '@mantine/core/styles/Popover.css';
import { Button, Group, Modal, NativeSelect, TagsInput } from '@mantine/core';
import { useInfiniteQuery, useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
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
  const [chosen, setCollection] = useState('');
  const [reached, setReached] = useState(0);
  const { data: known } = useQuery(tagsQuery);
  const { data: pages } = useInfiniteQuery({ ...collectionsQuery, enabled: action === 'collect' });
  const collections = pages?.pages.flatMap((page) => page.collections) ?? [];
  const collection = chosen === '' ? (collections[0]?.id ?? '') : chosen;
  const own = [...new Set(videos.flatMap((video) => video.tags))].toSorted();
  const isTags = action === 'tag' || action === 'untag';
  const isReady = isTags ? tags.length > 0 : action !== 'collect' || collection !== '';
  const run = useMutation({
    mutationFn: () => changeMany(videos, changeOf(action, { tags, visibility, collection }), setReached),
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
      {action === 'collect' && (
        <NativeSelect
          mt="md"
          label="Collection"
          description={pages && collections.length === 0 ? 'There is none yet. Make one under Collections.' : undefined}
          data={collections.map(({ id, title }) => ({ value: id, label: title }))}
          value={collection}
          disabled={collections.length === 0}
          onChange={(event) => setCollection(event.currentTarget.value)}
        />
      )}
      <Group justify="flex-end" mt="lg">
        {run.isPending && <span role="status">{`${reached} of ${count(videos.length, 'video')}`}</span>}
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

function changeOf(
  action: Action,
  { tags, visibility, collection }: { tags: string[]; visibility: Visibility; collection: string },
): Change {
  if (action === 'visibility') return { action, visibility };
  if (action === 'collect') return { action, collection };
  return { action, tags };
}
