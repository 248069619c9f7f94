import { environmentManager, QueryClient, QueryObserver } from '@tanstack/react-query';
import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { alarmCountQuery } from '../../../web/src/alarms/count.ts';

beforeEach(() => {
  vi.useFakeTimers();
  // As in a browser: elsewhere nothing is asked by the clock.
  environmentManager.setIsServer(() => false);
});
afterEach(() => {
  environmentManager.setIsServer(() => true);
  vi.useRealTimers();
});

it('alarms are counted anew each minute, for as long as the count is shown', async () => {
  const client = new QueryClient();
  const queryFn = vi.fn(() => ({ count: 1, isMore: false }));
  const observer = new QueryObserver(client, { ...alarmCountQuery, queryFn });
  const end = observer.subscribe(() => {});
  await vi.advanceTimersByTimeAsync(59_000);
  expect(queryFn).toHaveBeenCalledTimes(1);
  await vi.advanceTimersByTimeAsync(2_000);
  expect(queryFn).toHaveBeenCalledTimes(2);
  await vi.advanceTimersByTimeAsync(180_000);
  expect(queryFn).toHaveBeenCalledTimes(5);
  end();
  await vi.advanceTimersByTimeAsync(180_000);
  expect(queryFn).toHaveBeenCalledTimes(5);
  client.clear();
});
