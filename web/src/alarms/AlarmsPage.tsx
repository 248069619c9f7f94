/** The inbox: alarms of all devices one may see, with place, files and player, to be acknowledged. */
import '@mantine/core/styles/Checkbox.css';
import { Button, NativeSelect, Skeleton, Text, Title } from '@mantine/core';
import { useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { IconBell, IconChecks } from '@tabler/icons-react';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';
import { DEVICE_ID } from '../../../lib/contract/live-keys.ts';
import { devicesQuery } from '../fleet/queries.ts';
import { kindWords } from '../device/words.ts';
import { Fence } from '../shared/Fence.tsx';
import { count } from '../shared/format.ts';
import { Failure, Stale, State } from '../shared/states.tsx';
import { InboxRow } from './InboxRow.tsx';
import { inboxQuery, useAcknowledge, type Filters } from './queries.ts';
import { keyOf } from './words.ts';
import classes from './alarms.module.css';

const InboxMap = lazy(() => import('./InboxMap.tsx'));

const STATES = { new: 'New', acknowledged: 'Acknowledged', all: 'All' } as const;
const isState = (text: string | null): text is Filters['state'] => text !== null && Object.hasOwn(STATES, text);
const isKind = (text: string | null): text is keyof typeof kindWords => text !== null && Object.hasOwn(kindWords, text);

/** The address holds the filters. */
function useFilters() {
  const [search, setSearch] = useSearchParams();
  const [state, device, kind] = ['state', 'device', 'kind'].map((name) => search.get(name)) as [
    string | null,
    ...(string | null)[],
  ];
  const filters: Filters = {
    state: isState(state) ? state : 'new',
    device: device !== undefined && device !== null && DEVICE_ID.test(device) ? device : '',
    kind: isKind(kind ?? null) ? (kind as Filters['kind']) : '',
  };
  const change = (changes: Partial<Filters>) =>
    setSearch(
      Object.entries({ ...filters, ...changes }).filter(([name, value]) => value !== (name === 'state' ? 'new' : '')),
    );
  return { filters, change };
}

export default function AlarmsPage() {
  const { filters, change } = useFilters();
  const query = useInfiniteQuery(inboxQuery(filters));
  const { data, error, isPending, hasNextPage, isFetchingNextPage, isPlaceholderData, fetchNextPage, refetch } = query;
  const alarms = useMemo(() => data?.pages.flatMap((page) => page.alarms) ?? [], [data]);
  const [chosen, choose] = useState<ReadonlySet<string>>(new Set());
  const acknowledging = useAcknowledge();
  const fresh = alarms.filter(({ state }) => state === 'new');
  const picked = fresh.filter((alarm) => chosen.has(keyOf(alarm)));
  const acknowledge = (some: readonly (typeof alarms)[number][]) =>
    acknowledging.mutate(some, { onSuccess: () => choose(new Set()) });
  const isFiltered = filters.device !== '' || filters.kind !== '';

  return (
    <div className={classes.page}>
      <title>Alarms · Sluice</title>
      <div className={classes.head}>
        <Title order={1} fz="h3">
          Alarms
        </Title>
        <Text c="dimmed" role="status">
          {data && !isPlaceholderData && alarms.length > 0
            ? `${count(alarms.length, 'alarm')}${hasNextPage ? ' loaded, more below' : ''}`
            : ''}
        </Text>
      </div>
      <Tools filters={filters} change={change} />
      {fresh.length > 0 && (
        <div className={classes.acts}>
          <Button
            variant="default"
            leftSection={<IconChecks size={17} />}
            disabled={picked.length === 0}
            loading={acknowledging.isPending}
            onClick={() => acknowledge(picked)}
          >
            {picked.length === 0 ? 'Acknowledge chosen' : `Acknowledge ${picked.length}`}
          </Button>
          <Button variant="default" loading={acknowledging.isPending} onClick={() => acknowledge(fresh)}>
            Acknowledge all shown
          </Button>
        </div>
      )}
      {data && error && <Stale error={error} />}
      {isPending ? (
        <Skeleton height={240} radius={10} aria-busy="true" />
      ) : !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : alarms.length === 0 && !hasNextPage ? (
        <State icon={IconBell} title={filters.state === 'new' && !isFiltered ? 'Nothing new' : 'No such alarm'}>
          {filters.state === 'new'
            ? 'What vehicles raise stands here until somebody acknowledges it.'
            : 'Take a filter away, or look at the page of a device, which has all of its alarms.'}
        </State>
      ) : (
        <div className={classes.columns} data-stale={isPlaceholderData}>
          <ul className={classes.list} aria-label="Alarms">
            {alarms.map((alarm) => (
              <InboxRow
                key={keyOf(alarm)}
                alarm={alarm}
                isChosen={chosen.has(keyOf(alarm))}
                choose={(isOn) =>
                  choose((before) => {
                    const after = new Set(before);
                    if (isOn) after.add(keyOf(alarm));
                    else after.delete(keyOf(alarm));
                    return after;
                  })
                }
                acknowledge={() => acknowledge([alarm])}
                isBusy={acknowledging.isPending}
              />
            ))}
          </ul>
          {alarms.some(({ position }) => position !== undefined) && (
            <div className={classes.map}>
              <Fence>
                <Suspense>
                  <InboxMap alarms={alarms} />
                </Suspense>
              </Fence>
            </div>
          )}
        </div>
      )}
      {hasNextPage && (
        <Button variant="default" loading={isFetchingNextPage} onClick={() => void fetchNextPage()}>
          Further back
        </Button>
      )}
    </div>
  );
}

function Tools({ filters, change }: ReturnType<typeof useFilters>) {
  const { data } = useQuery(devicesQuery(60));
  const devices = data?.devices ?? [];
  const isListed = filters.device === '' || devices.some(({ id }) => id === filters.device);
  return (
    <search className={classes.tools}>
      <NativeSelect
        aria-label="State"
        data={Object.entries(STATES).map(([value, label]) => ({ value, label }))}
        value={filters.state}
        onChange={({ currentTarget: { value } }) => change({ state: isState(value) ? value : 'new' })}
      />
      <NativeSelect
        aria-label="Device"
        data={[
          { value: '', label: 'Any device' },
          ...(isListed ? [] : [{ value: filters.device, label: filters.device }]),
          ...devices.map(({ id, name }) => ({ value: id, label: name })),
        ]}
        value={filters.device}
        onChange={({ currentTarget: { value } }) => change({ device: value })}
      />
      <NativeSelect
        aria-label="Kind"
        data={[
          { value: '', label: 'Any kind' },
          ...Object.entries(kindWords).map(([value, label]) => ({ value, label })),
        ]}
        value={filters.kind}
        onChange={({ currentTarget: { value } }) => change({ kind: isKind(value) ? value : '' })}
      />
    </search>
  );
}
