import { useInfiniteQuery } from '@tanstack/react-query';
import type { Collection } from '../../../lib/contract/collection.ts';
import { collectionsQuery } from './queries.ts';

/** Those of one's collections that are inside this one, of what is loaded of them. */
export function useInside(id: string): readonly Collection[] {
  const { data } = useInfiniteQuery(collectionsQuery);
  return (data?.pages ?? []).flatMap(({ collections }) => collections.filter(({ parent }) => parent === id));
}
