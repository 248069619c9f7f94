/** Title, tags and description, edited where they are read. Enter saves, Escape leaves them as they were. */
import '@mantine/core/styles/Popover.css';
import '@mantine/core/styles/Badge.css';
import '@mantine/core/styles/Pill.css';
import '@mantine/core/styles/PillsInput.css';
import { ActionIcon, Badge, Button, TagsInput, Text, Textarea, TextInput, Title } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { IconPencil } from '@tabler/icons-react';
import { useState } from 'react';
import { Link } from 'react-router';
import type { BodyOf } from '../../../lib/contract/api.ts';
import type { Video } from '../../../lib/contract/video.ts';
import { call } from '../api/client.ts';
import { remember } from '../api/queries.ts';
import { retag } from './retag.ts';
import classes from './video.module.css';
import { notify } from '../shared/notify.tsx';

interface Props {
  readonly video: Video;
  readonly mayEdit: boolean;
}

export const usePatch = ({ id }: Video) =>
  useSave((body: BodyOf<'PATCH /api/videos/{id}'>) => call('PATCH /api/videos/{id}', { params: { id }, body }));

function useSave<T>(save: (changes: T) => Promise<Video>) {
  const client = useQueryClient();
  return useMutation({
    mutationFn: save,
    onSuccess: (changed) => remember(client, changed),
    onError: (error) => notify({ color: 'red', title: 'Not saved', message: error.message }),
  });
}

export function EditableTitle({ video, mayEdit }: Props) {
  const [draft, setDraft] = useState<string>();
  const patch = usePatch(video);
  const save = () => {
    const title = draft?.trim() ?? '';
    if (title === '' || title === video.title) setDraft(undefined);
    else patch.mutate({ title }, { onSuccess: () => setDraft(undefined) });
  };
  if (draft !== undefined) {
    return (
      <form
        className={classes.titleRow}
        onSubmit={(event) => {
          event.preventDefault();
          save();
        }}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.preventDefault();
          setDraft(undefined);
        }}
      >
        <TextInput
          aria-label="Title"
          value={draft}
          maxLength={200}
          autoFocus
          className={classes.grow}
          size="md"
          onChange={(event) => setDraft(event.currentTarget.value)}
        />
        <Button type="submit" loading={patch.isPending} disabled={draft.trim() === ''}>
          Save
        </Button>
        <Button variant="default" onClick={() => setDraft(undefined)}>
          Cancel
        </Button>
      </form>
    );
  }
  return (
    <div className={classes.titleRow}>
      <Title order={1} className={classes.title}>
        {video.title}
      </Title>
      {mayEdit && (
        <ActionIcon variant="subtle" color="gray" aria-label="Edit title" onClick={() => setDraft(video.title)}>
          <IconPencil size={17} />
        </ActionIcon>
      )}
    </div>
  );
}

export function EditableTags({ video, mayEdit }: Props) {
  const [draft, setDraft] = useState<string[]>();
  // What was there when the editor was opened: somebody else may change them meanwhile.
  const [before, setBefore] = useState<readonly string[]>([]);
  const save = useSave((tags: readonly string[]) => retag(video.id, before, tags));
  if (draft !== undefined) {
    return (
      <div className={classes.titleRow}>
        <TagsInput
          aria-label="Tags"
          placeholder={draft.length === 0 ? 'Type a tag, then Enter' : ''}
          className={classes.grow}
          value={draft}
          maxTags={20}
          autoFocus
          onChange={(tags) => setDraft(tags.map((tag) => tag.trim().slice(0, 50)).filter((tag) => tag !== ''))}
        />
        <Button loading={save.isPending} onClick={() => save.mutate(draft, { onSuccess: () => setDraft(undefined) })}>
          Save
        </Button>
        <Button variant="default" onClick={() => setDraft(undefined)}>
          Cancel
        </Button>
      </div>
    );
  }
  if (video.tags.length === 0 && !mayEdit) return null;
  return (
    <div className={classes.tags}>
      {video.tags.map((tag) => (
        <Badge
          key={tag}
          component={Link}
          to={`/?tag=${encodeURIComponent(tag)}`}
          variant="default"
          tt="none"
          fw={500}
          className={classes.tag}
        >
          {tag}
        </Badge>
      ))}
      {mayEdit && (
        <Button
          variant="subtle"
          color="gray"
          c="dimmed"
          fw={500}
          size="compact-xs"
          onClick={() => {
            setDraft([...video.tags]);
            setBefore(video.tags);
          }}
        >
          {video.tags.length === 0 ? 'Add tags' : 'Edit tags'}
        </Button>
      )}
    </div>
  );
}

export function EditableDescription({ video, mayEdit }: Props) {
  const [draft, setDraft] = useState<string>();
  const patch = usePatch(video);
  if (draft !== undefined) {
    const save = () => patch.mutate({ description: draft }, { onSuccess: () => setDraft(undefined) });
    return (
      <div
        onKeyDown={(event) => {
          if (event.key === 'Enter' && (event.ctrlKey || event.metaKey)) save();
          if (event.key === 'Escape') {
            event.preventDefault();
            setDraft(undefined);
          }
        }}
      >
        <Textarea
          aria-label="Description"
          description="Ctrl+Enter saves, Escape cancels"
          value={draft}
          autosize
          minRows={3}
          maxRows={14}
          maxLength={5000}
          autoFocus
          onChange={(event) => setDraft(event.currentTarget.value)}
        />
        <div className={classes.formButtons}>
          <Button loading={patch.isPending} onClick={save}>
            Save
          </Button>
          <Button variant="default" onClick={() => setDraft(undefined)}>
            Cancel
          </Button>
        </div>
      </div>
    );
  }
  return (
    <div className={classes.description}>
      {video.description !== '' && (
        <Text component="p" className={classes.prose}>
          {video.description}
        </Text>
      )}
      {mayEdit && (
        <Button
          variant="subtle"
          color="gray"
          c="dimmed"
          fw={500}
          size="compact-xs"
          onClick={() => setDraft(video.description)}
        >
          {video.description === '' ? 'Add a description' : 'Edit description'}
        </Button>
      )}
    </div>
  );
}
