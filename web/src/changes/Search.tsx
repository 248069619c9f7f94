/** Whose changes are shown, and of what: fields, which the address keeps. */
import { Button, TextInput } from '@mantine/core';
import { useMutation } from '@tanstack/react-query';
import { useState } from 'react';
import { OwnerField, SEVERAL, useOwner } from '../library/OwnerField.tsx';
import { thingOf } from './thing.ts';
import classes from './changes.module.css';

interface Props {
  /** As the address has them; empty: any. */
  readonly by: string;
  readonly about: string;
  readonly change: (to: { readonly by: string; readonly about: string }) => void;
}

export function Search({ by, about, change }: Props) {
  const person = useOwner(by);
  const [thing, setThing] = useState(about);
  const look = useMutation({ mutationFn: person.find });
  const show = () => {
    const to = (subject: string) => change({ by: subject, about: thingOf(thing) });
    if (person.subject !== undefined) return to(person.subject);
    return look.mutate(undefined, { onSuccess: (subject) => subject !== undefined && to(subject) });
  };
  return (
    <form
      className={classes.search}
      aria-label="Search changes"
      onSubmit={(event) => {
        event.preventDefault();
        show();
      }}
    >
      <OwnerField
        label="Who"
        owner={{ ...person, type: (text) => (look.reset(), person.type(text)) }}
        error={look.error?.message ?? (look.isSuccess && look.data === undefined ? SEVERAL : undefined)}
      />
      <TextInput
        label="What"
        placeholder="video:… or the address of its page"
        maxLength={300}
        autoComplete="off"
        value={thing}
        onChange={({ currentTarget: { value } }) => setThing(value)}
      />
      <Button type="submit" loading={look.isPending}>
        Show
      </Button>
    </form>
  );
}
