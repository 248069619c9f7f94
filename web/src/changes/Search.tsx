/** Whose changes are shown, and of what: fields, which the address keeps. */
import { Button, TextInput } from '@mantine/core';
import { useState } from 'react';
import { OwnerField, useOwner } from '../library/OwnerField.tsx';
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
  return (
    <form
      className={classes.search}
      aria-label="Search changes"
      onSubmit={(event) => {
        event.preventDefault();
        person.take((subject) => change({ by: subject, about: thingOf(thing) }));
      }}
    >
      <OwnerField label="Who" owner={person} />
      <TextInput
        label="What"
        placeholder="video:… or the address of its page"
        maxLength={300}
        autoComplete="off"
        value={thing}
        onChange={({ currentTarget: { value } }) => setThing(value)}
      />
      <Button type="submit" loading={person.isLooking}>
        Show
      </Button>
    </form>
  );
}
