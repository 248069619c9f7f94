/** People who may be meant by what is typed, for a field that offers them. */
import { useDebouncedValue } from '@mantine/hooks';
import { keepPreviousData, useQuery } from '@tanstack/react-query';
import { useMemo } from 'react';
import type { Person } from '../../../lib/contract/person.ts';
import { peopleQuery } from '../api/queries.ts';
import { choices } from './giving.ts';

/** What is to be said of what was found, or was not. */
export type Outcome = 'unreachable' | 'none' | 'more';

export interface Search {
  /** By their labels in the list. */
  readonly choices: ReadonlyMap<string, Person>;
  /** Nothing while it is looked up, and where there is nothing to say. */
  readonly outcome: Outcome | undefined;
  /** What was typed when it was last looked up. */
  readonly asked: string;
}

/** Looks up what is typed, a moment after the last key; of less than two characters nothing. */
export function useSearch(text: string): Search {
  const [asked] = useDebouncedValue(text.trim(), 200);
  const isLong = asked.length > 1;
  const { data, error } = useQuery({ ...peopleQuery(asked), enabled: isLong, placeholderData: keepPreviousData });
  const people = isLong ? data?.people : undefined;
  const found = useMemo(() => choices(people ?? []), [people]);
  const outcomeOf = (): Outcome | undefined => {
    if (!isLong) return undefined;
    if (error) return 'unreachable';
    if (data === undefined || found.size > 0) return data?.isWhole === false ? 'more' : undefined;
    return 'none';
  };
  return { choices: found, outcome: outcomeOf(), asked };
}
