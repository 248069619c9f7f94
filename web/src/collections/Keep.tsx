/** Keeping a collection: what is in it and in which order, its cover and words, who was given it, and its end. */
import '@mantine/core/styles/Popover.css';
import { ActionIcon, Button, Text, Textarea, TextInput } from '@mantine/core';
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useMutation, useMutationState, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconArrowDown, IconArrowUp, IconPhoto, IconPlus, IconX } from '@tabler/icons-react';
import { useState } from 'react';
import { Link, useNavigate } from 'react-router';
import { call } from '../api/client.ts';
import { notify } from '../shared/notify.tsx';
import { Giving } from '../sharing/Giving.tsx';
import { VideoLine, type Whole } from './CollectionPage.tsx';
import { NewCollection } from './CollectionsPage.tsx';
import { move, putIn, takeOut, type Step } from './order.ts';
import { candidatesQuery, changed, collectionsQuery, rearrange } from './queries.ts';
import { useInside } from './useInside.ts';
import classes from './collections.module.css';

export default function Keep({ collection }: { collection: Whole }) {
  const { id, parent } = collection;
  return (
    <div className={classes.page}>
      <div className={classes.sections}>
        <Videos collection={collection} />
        <Inside collection={collection} />
      </div>
      <div className={classes.sections}>
        <section>
          <h2>Who it was given to</h2>
          <Text c="dimmed" size="sm" component="p">
            They may watch every video in it{parent === undefined ? ' and in those inside it' : ''} that is Entitled or
            Public.
          </Text>
          <Giving resource={`collection:${id}`} address={`${location.origin}/collections/${id}`} />
        </section>
        <Words key={`${collection.title}\n${collection.description}`} collection={collection} />
        <Delete collection={collection} />
      </div>
    </div>
  );
}

function Videos({ collection }: { collection: Whole }) {
  const { id, title, cover, videos, videoIds } = collection;
  const client = useQueryClient();
  const mutationKey = ['order', id];
  const put = useMutation({
    mutationKey,
    // One after the other: each begins with the order that the one before has left.
    scope: { id: `order of ${id}` },
    mutationFn: (step: Step) => rearrange(id, step),
    onSettled: () => changed(client, id),
    onError: (error) => notify({ color: 'red', title: 'Not changed', message: error.message }),
  });
  const choose = useMutation({
    mutationFn: (video: string) =>
      call('PATCH /api/collections/{collection}', { params: { collection: id }, body: { cover: video } }),
    onSettled: () => changed(client, id),
    onError: (error) => notify({ color: 'red', title: 'Not changed', message: error.message }),
  });
  // While changes are on their way, what it will be.
  const steps = useMutationState({
    filters: { mutationKey, status: 'pending' },
    select: ({ state }) => state.variables as Step,
  });
  const order = steps.reduce((list, step) => step(list), videoIds as readonly string[]);
  const known = new Map(videos.map((video) => [video.id, video]));
  const coverId = cover ?? order[0];
  return (
    <section>
      <h2>Videos</h2>
      <ol className={classes.rows} aria-label={`Videos in ${title}`}>
        {order.map((one, index) => {
          const video = known.get(one);
          const name = video?.title ?? 'a video that you may not watch';
          return (
            <li key={one}>
              {video === undefined ? <span className={classes.line}>{name}</span> : <VideoLine video={video} />}
              <span className={classes.tools}>
                <ActionIcon
                  variant={one === coverId ? 'light' : 'subtle'}
                  {...(one !== coverId && { color: 'gray' })}
                  aria-label={one === coverId ? `${name} is the cover` : `Make ${name} the cover`}
                  aria-pressed={one === coverId}
                  title="Cover"
                  onClick={() => choose.mutate(one)}
                >
                  <IconPhoto size={16} />
                </ActionIcon>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={`Move ${name} up`}
                  disabled={index === 0}
                  onClick={() => put.mutate(move(one, 'before', order[index - 1]))}
                >
                  <IconArrowUp size={16} />
                </ActionIcon>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={`Move ${name} down`}
                  disabled={index === order.length - 1}
                  onClick={() => put.mutate(move(one, 'after', order[index + 1]))}
                >
                  <IconArrowDown size={16} />
                </ActionIcon>
                <ActionIcon
                  variant="subtle"
                  color="gray"
                  aria-label={`Take ${name} out`}
                  onClick={() => put.mutate(takeOut(one))}
                >
                  <IconX size={16} />
                </ActionIcon>
              </span>
            </li>
          );
        })}
        {order.length === 0 && <li className={classes.dim}>Nothing in it yet. Find videos below and put them in.</li>}
      </ol>
      <Candidates taken={order} add={(video) => put.mutate(putIn(video))} isBusy={put.isPending} />
    </section>
  );
}

interface CandidatesProps {
  readonly taken: readonly string[];
  readonly add: (video: string) => void;
  readonly isBusy: boolean;
}

function Candidates({ taken, add, isBusy }: CandidatesProps) {
  const [text, setText] = useState('');
  const [q] = useDebouncedValue(text.trim(), 200);
  const { data, error } = useQuery({ ...candidatesQuery(q), placeholderData: keepPreviousData });
  const found = (data?.videos ?? []).filter(({ id }) => !taken.includes(id)).slice(0, 8);
  return (
    <>
      <TextInput
        type="search"
        label="Put in"
        placeholder="Part of a title"
        value={text}
        error={error?.message}
        onChange={(event) => setText(event.currentTarget.value)}
      />
      <ul className={classes.rows} aria-label="Videos to put in">
        {found.map((video) => (
          <li key={video.id}>
            <VideoLine video={video} />
            <ActionIcon
              variant="subtle"
              color="gray"
              aria-label={`Put ${video.title} in`}
              disabled={isBusy}
              onClick={() => add(video.id)}
            >
              <IconPlus size={16} />
            </ActionIcon>
          </li>
        ))}
        {data && found.length === 0 && <li className={classes.dim}>No other video matches.</li>}
      </ul>
    </>
  );
}

/** One level: those inside another hold none. */
function Inside({ collection: { id, parent, title } }: { collection: Whole }) {
  const inside = useInside(id);
  if (parent !== undefined) return null;
  return (
    <section>
      <h2>Inside it</h2>
      <ul className={classes.inside} aria-label={`Collections in ${title}`}>
        {inside.map((one) => (
          <li key={one.id}>
            <Link to={`/collections/${one.id}`}>{one.title}</Link>{' '}
            <span className={classes.dim}>{one.videoIds.length}</span>
          </li>
        ))}
        {inside.length === 0 && <li className={classes.dim}>No collections inside it.</li>}
      </ul>
      <NewCollection parent={id} />
    </section>
  );
}

function Words({ collection: { id, title: before, description: beforeThat } }: { collection: Whole }) {
  const client = useQueryClient();
  const [title, setTitle] = useState(before);
  const [description, setDescription] = useState(beforeThat);
  const save = useMutation({
    mutationFn: () =>
      call('PATCH /api/collections/{collection}', {
        params: { collection: id },
        // What was not changed here, somebody else may have changed.
        body: {
          ...(title.trim() !== before && { title: title.trim() }),
          ...(description !== beforeThat && { description }),
        },
      }),
    onSuccess: () => changed(client, id),
  });
  const isSame = title.trim() === before && description === beforeThat;
  return (
    <section>
      <h2>Title and description</h2>
      <form
        className={classes.form}
        onSubmit={(event) => {
          event.preventDefault();
          if (!isSame && title.trim() !== '') save.mutate();
        }}
      >
        <TextInput
          label="Title"
          value={title}
          maxLength={200}
          error={save.error?.message}
          onChange={(event) => setTitle(event.currentTarget.value)}
        />
        <Textarea
          label="Description"
          value={description}
          maxLength={5000}
          autosize
          minRows={2}
          onChange={(event) => setDescription(event.currentTarget.value)}
        />
        <Button
          type="submit"
          variant="default"
          className={classes.start ?? ''}
          loading={save.isPending}
          disabled={isSame || title.trim() === ''}
        >
          Save
        </Button>
      </form>
    </section>
  );
}

/** Videos stay; asked once more, since what was given goes with it. */
function Delete({ collection: { id, title } }: { collection: Whole }) {
  const client = useQueryClient();
  const navigate = useNavigate();
  const [isAsked, setAsked] = useState(false);
  const remove = useMutation({
    mutationFn: () => call('DELETE /api/collections/{collection}', { params: { collection: id } }),
    onSuccess: async () => {
      await navigate('/collections', { replace: true });
      client.removeQueries({ queryKey: ['collection', id] });
      await client.invalidateQueries({ queryKey: collectionsQuery.queryKey });
    },
    onError: (error) => notify({ color: 'red', title: 'Not deleted', message: error.message }),
  });
  return (
    <section>
      <h2>Delete</h2>
      <Text c="dimmed" size="sm" component="p">
        Its videos stay. Whom it was given to no longer watch them by it.
      </Text>
      {isAsked ? (
        <span className={classes.tools}>
          <Button color="red.9" loading={remove.isPending} onClick={() => remove.mutate()}>
            Delete {title}
          </Button>
          <Button variant="default" onClick={() => setAsked(false)}>
            Keep
          </Button>
        </span>
      ) : (
        <Button variant="default" className={classes.start ?? ''} onClick={() => setAsked(true)}>
          Delete collection
        </Button>
      )}
    </section>
  );
}
