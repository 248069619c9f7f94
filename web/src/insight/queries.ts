import { keepPreviousData, queryOptions } from '@tanstack/react-query';
import { call } from '../api/client.ts';
import type { Range } from './range.ts';

/** Points of a heatmap: more than that nobody sees apart. */
const POINTS = 600;
/** Seconds that each point of a video's heatmap is of. `duration`: seconds. */
export const stepOf = (duration: number): number => Math.max(1, Math.ceil(duration / POINTS));

/** Of one video, asked again while somebody looks: what players report is counted within seconds. */
export const videoInsightQuery = (id: string, { from, to }: Range, step: number) =>
  queryOptions({
    queryKey: ['insight', id, from, to, step],
    queryFn: ({ signal }) =>
      call('GET /api/videos/{id}/insight', { params: { id }, query: { from, to, step }, signal }),
    placeholderData: keepPreviousData,
    staleTime: 5_000,
    refetchInterval: 10_000,
  });

/** Of all; an answer takes as many looks at the table as there are days. */
export const overviewQuery = ({ from, to }: Range) =>
  queryOptions({
    queryKey: ['insight', from, to],
    queryFn: ({ signal }) => call('GET /api/insight', { query: { from, to }, signal }),
    placeholderData: keepPreviousData,
    staleTime: 15_000,
    refetchInterval: 60_000,
  });

/** Under the name that the Access tab's list has. */
export const watchingQuery = (id: string) =>
  queryOptions({
    queryKey: ['watching', id],
    queryFn: ({ signal }) => call('GET /api/videos/{id}/sessions', { params: { id }, signal }),
    refetchInterval: 10_000,
  });
