import { Button, NativeSelect, Skeleton, Text, TextInput, Title } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconPlus, IconSearch, IconSearchOff, IconTruck } from '@tabler/icons-react';
import { lazy, Suspense, useMemo, useState } from 'react';
import { useSearchParams } from 'react-router';
import { usePerson } from '../auth/SessionContext.tsx';
import { devicesQuery, trackQuery } from '../fleet/queries.ts';
import { runsOf, type TrackPoint } from '../fleet/track.ts';
import { stateLabels } from '../fleet/words.ts';
import { Fence } from '../shared/Fence.tsx';
import { count } from '../shared/format.ts';
import { Failure, Stale, State } from '../shared/states.tsx';
import { useNow } from '../shared/Time.tsx';
import { AddDevice } from './AddDevice.tsx';
import { DeviceList } from './DeviceList.tsx';
import { countStates, filtered, isState, lately, STATES, type Filter } from './devices.ts';
import { UnknownDevices } from './Unknown.tsx';
import classes from './map.module.css';

const FleetMap = lazy(() => import('./FleetMap.tsx'));

/** Search, filter and the chosen device are in the address. */
function useView() {
  const [search, setSearch] = useSearchParams();
  const state = search.get('state');
  const view = {
    q: search.get('q') ?? '',
    state: isState(state) ? state : '',
    device: search.get('device') ?? '',
  } as const;
  const change = (changes: Partial<Record<keyof typeof view, string>>) =>
    setSearch(
      Object.entries({ ...view, ...changes }).filter(([, value]) => value !== ''),
      { replace: 'q' in changes },
    );
  return { view, change };
}

export default function MapPage() {
  const { isAdmin } = usePerson();
  const { view, change } = useView();
  const [text, setText] = useState(view.q);
  const [isFollowing, setFollowing] = useState(false);
  const [isAdding, setAdding] = useState(false);
  const { data, error, isPending, refetch } = useQuery(devicesQuery(5));
  const filter: Filter = { q: text, state: view.state };
  const devices = useMemo(
    () => filtered(data?.devices ?? [], { q: text, state: view.state }),
    [data, text, view.state],
  );
  const counts = useMemo(() => countStates(data?.devices ?? []), [data]);
  const chosen = devices.find(({ id }) => id === view.device);
  const trail = useTrail(chosen?.id);
  const choose = (id: string | undefined) => {
    setFollowing(false);
    change({ device: id ?? '' });
  };
  const isFiltered = filter.q.trim() !== '' || filter.state !== '';
  const hasNone = data !== undefined && data.devices.length === 0;

  return (
    <div className={classes.room}>
      <title>Map · Sluice</title>
      <div className={classes.page}>
        <section className={classes.side} aria-label="Devices">
          <div className={classes.head}>
            <Title order={1} fz="h3">
              Map
            </Title>
            <Text c="dimmed" size="sm" role="status">
              {data && !hasNone
                ? isFiltered
                  ? `${devices.length} of ${count(data.devices.length, 'device')}`
                  : `${count(data.devices.length, 'device')}${data.isWhole ? '' : ' loaded'}`
                : ''}
            </Text>
            {isAdmin && (
              <Button
                className={classes.add}
                variant="default"
                size="compact-sm"
                leftSection={<IconPlus size={15} />}
                onClick={() => setAdding(true)}
              >
                Register
              </Button>
            )}
          </div>
          <search className={classes.filters}>
            <TextInput
              type="search"
              aria-label="Search devices by name or number"
              placeholder="Name or number"
              leftSection={<IconSearch size={16} aria-hidden />}
              value={text}
              maxLength={200}
              onChange={(event) => setText(event.currentTarget.value)}
              onBlur={() => text !== view.q && change({ q: text })}
            />
            <NativeSelect
              aria-label="State"
              data={[
                { value: '', label: 'Any state' },
                ...STATES.map((value) => ({ value, label: `${stateLabels[value]} (${counts[value]})` })),
              ]}
              value={view.state}
              onChange={({ currentTarget: { value } }) => change({ state: value, q: text })}
            />
          </search>
          <div className={classes.scroll} tabIndex={-1}>
            {isPending ? (
              <ListSkeleton />
            ) : !data ? (
              <Failure error={error} retry={() => void refetch()} />
            ) : hasNone ? (
              <NoDevices isAdmin={isAdmin} add={() => setAdding(true)} />
            ) : devices.length === 0 ? (
              <State
                icon={IconSearchOff}
                title="No device matches"
                action={
                  <Button
                    variant="default"
                    onClick={() => {
                      setText('');
                      change({ q: '', state: '' });
                    }}
                  >
                    Clear search and filter
                  </Button>
                }
              >
                Search looks at names and terminal phone numbers.
              </State>
            ) : (
              <DeviceList
                devices={devices}
                chosen={chosen?.id}
                isFollowing={isFollowing}
                choose={choose}
                follow={() => setFollowing(!isFollowing)}
              />
            )}
            {data && error && (
              <div className={classes.notice}>
                <Stale error={error} />
              </div>
            )}
            {data?.isWhole === false && (
              <Text c="dimmed" size="sm" p="sm">
                Only the first {data.devices.length} by name are loaded. Those after them are opened by their address.
              </Text>
            )}
            {isAdmin && <UnknownDevices adopted={choose} />}
          </div>
        </section>
        <div className={classes.map}>
          <Fence>
            <Suspense fallback={<Skeleton className={classes.fill} radius={0} />}>
              <FleetMap
                devices={devices}
                chosen={chosen}
                isFollowing={isFollowing}
                trail={trail}
                choose={choose}
                moved={() => setFollowing(false)}
              />
            </Suspense>
          </Fence>
        </div>
      </div>
      <AddDevice opened={isAdding} close={() => setAdding(false)} added={choose} />
    </div>
  );
}

const NOWHERE: readonly (readonly TrackPoint[])[] = [];

/** Where a device was in the last hour. */
function useTrail(id: string | undefined): readonly (readonly TrackPoint[])[] {
  const now = useNow();
  const { from, to } = lately(now);
  const { data } = useQuery({ ...trackQuery(id ?? '', { from, to }), enabled: id !== undefined });
  return useMemo(() => (data ? runsOf(data) : NOWHERE), [data]);
}

function NoDevices({ isAdmin, add }: { isAdmin: boolean; add: () => void }) {
  return isAdmin ? (
    <State
      icon={IconTruck}
      title="Register your first device"
      action={<Button onClick={add}>Register a device</Button>}
    >
      Or point a device at this deployment: once it has tried to connect, it stands below and is adopted with one click.
    </State>
  ) : (
    <State icon={IconTruck} title="No device for you yet">
      Ask an administrator to make you a viewer of the devices you look after.
    </State>
  );
}

function ListSkeleton() {
  return (
    <ul className={classes.list} aria-busy="true">
      {Array.from({ length: 8 }, (_, i) => (
        <li key={i}>
          <div className={classes.row}>
            <Skeleton height={18} width={18} circle />
            <span>
              <Skeleton height={13} width="60%" />
              <Skeleton height={11} width="40%" mt={6} />
            </span>
          </div>
        </li>
      ))}
    </ul>
  );
}
