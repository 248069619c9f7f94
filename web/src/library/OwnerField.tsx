/** Whom something is asked for of, by what people are called. */
import '@mantine/core/styles/Popover.css';
import { Autocomplete, Text } from '@mantine/core';
import { useMutation, useQueryClient } from '@tanstack/react-query';
import { useState } from 'react';
import type { Person } from '../../../lib/contract/person.ts';
import { peopleQuery } from '../api/queries.ts';
import { useCalled } from '../shared/people.tsx';
import { useSearch, type Outcome } from '../sharing/search.ts';
import { ownerOf } from './filters.ts';

interface Owner {
  readonly text: string;
  /** Whom the text means as far as that is known without looking it up; empty: nobody. */
  readonly subject: string | undefined;
  readonly type: (text: string) => void;
  readonly pick: (label: string, person: Person | undefined) => void;
  /** Calls it with whom the text means, who may have to be looked up; not at all where that may be several, or the field is gone by then. */
  readonly take: (use: (subject: string) => void) => void;
  readonly isLooking: boolean;
  /** Why it is not known whom the text means. */
  readonly error: string | undefined;
}

/** What stands in the field. `set`: the subject that the address has, or nothing. */
export function useOwner(set: string): Owner {
  const client = useQueryClient();
  const { name } = useCalled(set);
  const [typed, type] = useState<string>();
  const [picked, setPicked] = useState<{ readonly label: string; readonly subject: string }>();
  const text = typed ?? (set === '' ? '' : name);
  const meant = text.trim();
  const subjectOf = () => {
    // Also where it was typed over and stands there again: `you` is a name of nobody.
    if (typed === undefined || (set !== '' && typed === name)) return set;
    if (picked?.label === text) return picked.subject;
    // Nobody is looked up by a single letter.
    return meant.length < 2 ? meant : undefined;
  };
  const subject = subjectOf();
  const look = useMutation({ mutationFn: async () => ownerOf(text, await client.fetchQuery(peopleQuery(meant))) });
  return {
    text,
    subject,
    type: (to) => {
      look.reset();
      type(to);
    },
    pick: (label, person) => setPicked(person && { label, subject: person.subject }),
    take: (use) =>
      subject !== undefined
        ? use(subject)
        : look.mutate(undefined, { onSuccess: (found) => found !== undefined && use(found) }),
    isLooking: look.isPending,
    error: look.error?.message ?? (look.isSuccess && look.data === undefined ? SEVERAL : undefined),
  };
}

const HINTS: Readonly<Record<Outcome, string>> = {
  unreachable: 'Names cannot be looked up now.',
  more: 'There are more: type on.',
  none: 'Nobody here is called so. It is taken for a subject (sub) of the sign-in service.',
};

const SEVERAL = 'Several people may be meant: choose one from the list.';

export function OwnerField({ owner, label = 'Owner' }: { owner: Owner; label?: string }) {
  const { choices, outcome } = useSearch(owner.subject === undefined ? owner.text : '');
  return (
    <div>
      <Autocomplete
        label={label}
        placeholder="Name or e-mail address"
        value={owner.text}
        maxLength={255}
        data={[...choices.keys()]}
        // The API has looked; it also finds what is spelt without accents.
        filter={({ options }) => options}
        error={owner.error}
        onChange={owner.type}
        onOptionSubmit={(label) => owner.pick(label, choices.get(label))}
      />
      {outcome !== undefined && (
        <Text c="dimmed" size="sm" component="p" role="status">
          {HINTS[outcome]}
        </Text>
      )}
    </div>
  );
}
