import { useQueryClient } from '@tanstack/react-query';
import { useEffect, useRef } from 'react';
import { storageQuery } from './query.ts';

/** ms within which what has changed is counted. */
const BEHIND = 5000;

/** Where there is a quota, asks how much of it is used whenever `news` is another than before, and again when that has been counted. */
export function useCountedAnew(news: string): void {
  const client = useQueryClient();
  const last = useRef(news);
  useEffect(() => {
    if (last.current === news) return undefined;
    last.current = news;
    const { queryKey } = storageQuery;
    const ask = () => {
      if (client.getQueryData(queryKey)?.quotaBytes !== undefined) void client.invalidateQueries({ queryKey });
    };
    ask();
    const timer = setTimeout(ask, BEHIND);
    return () => clearTimeout(timer);
  }, [client, news]);
}
