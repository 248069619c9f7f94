/** What the library is asked beside words, status and tag: fields behind a button, and a chip for each that is set. */
import { ActionIcon, Button, NativeSelect, Skeleton, TextInput } from '@mantine/core';
import { IconMapPin, IconX } from '@tabler/icons-react';
import { lazy, Suspense, useState } from 'react';
import type { More } from '../api/queries.ts';
import { usePerson } from '../auth/SessionContext.tsx';
import { useCalled } from '../shared/people.tsx';
import { visibilities } from '../video/links.ts';
import { textOf } from './circle.ts';
import { askedOf, chipsOf, circleIn, DISTANCES, fieldsOf } from './filters.ts';
import { moreOf } from './more.ts';
import { OwnerField, useOwner } from './OwnerField.tsx';
import classes from './filters.module.css';

const PlaceMap = lazy(() => import('./PlaceMap.tsx'));

interface Props {
  readonly more: More;
  /** What others share is asked for without its owner, and has no places. */
  readonly isShared: boolean;
  readonly change: (changes: Partial<More>) => void;
}

export default function MoreFilters({ more, isOpen, isShared, change }: Props & { isOpen: boolean }) {
  const chips = chipsOf(more, useCalled(more.owner).name);
  const changeFrom = (changes: Partial<More>) => {
    change(changes);
    // What had the focus is gone then.
    document.getElementById('library-filters')?.focus();
  };
  return (
    <>
      {isOpen && <Fields key={JSON.stringify(fieldsOf(more))} more={more} isShared={isShared} change={changeFrom} />}
      {chips.length > 0 && (
        <ul className={classes.chips} aria-label="Filters that are set">
          {chips.map(({ label, off }) => (
            <li key={label}>
              <Button
                variant="default"
                size="compact-sm"
                aria-label={`Take off: ${label}`}
                rightSection={<IconX size={13} aria-hidden />}
                onClick={() => changeFrom(off)}
              >
                {label}
              </Button>
            </li>
          ))}
        </ul>
      )}
    </>
  );
}

function Fields({ more, isShared, change }: Props) {
  const [fields, setFields] = useState(() => fieldsOf(more));
  const [wrong, setWrong] = useState<{ wrong: keyof More; why: string }>();
  const { isAdmin } = usePerson();
  const owner = useOwner(more.owner);
  const show = () => {
    const asked = askedOf(fields);
    if (!('more' in asked)) return setWrong(asked);
    setWrong(undefined);
    return owner.take((subject) => change({ ...asked.more, owner: subject }));
  };
  const [isMap, setMap] = useState(false);
  const set = (name: keyof More, value: string) => {
    setFields((before) => ({ ...before, [name]: value }));
    setWrong(undefined);
  };
  const field = (name: keyof More) => ({
    value: fields[name],
    error: wrong?.wrong === name && wrong.why,
    onChange: ({ currentTarget: { value } }: { currentTarget: { value: string } }) => set(name, value),
  });
  return (
    <form
      className={classes.fields}
      aria-label="More filters"
      onSubmit={(event) => {
        event.preventDefault();
        show();
      }}
    >
      {isAdmin && !isShared && <OwnerField owner={owner} />}
      <NativeSelect
        label="Who may watch"
        data={[
          { value: '', label: 'Any' },
          ...Object.entries(visibilities).map(([value, { label }]) => ({ value, label })),
        ]}
        {...field('visibility')}
      />
      <TextInput type="date" label="Uploaded since (UTC)" {...field('from')} />
      <TextInput type="date" label="Uploaded until (UTC)" {...field('to')} />
      {!isShared && (
        <>
          <TextInput
            label="Recorded near"
            placeholder="Latitude, longitude"
            maxLength={60}
            autoComplete="off"
            rightSection={
              <ActionIcon
                variant="subtle"
                aria-label="Pick on a map"
                title="Pick on a map"
                aria-expanded={isMap}
                onClick={() => setMap(!isMap)}
              >
                <IconMapPin size={17} aria-hidden />
              </ActionIcon>
            }
            {...field('near')}
          />
          <NativeSelect label="Within" data={within(fields.within)} {...field('within')} />
          {isMap && (
            <Suspense fallback={<Skeleton className={classes.map ?? ''} />}>
              <PlaceMap {...circleIn(fields)} pick={(lat, lon) => set('near', textOf(lat, lon))} />
            </Suspense>
          )}
          <TextInput type="datetime-local" step={1} label="Recorded since" {...field('recordedFrom')} />
          <TextInput type="datetime-local" step={1} label="Recorded until" {...field('recordedTo')} />
        </>
      )}
      <div className={classes.buttons}>
        <Button type="submit" loading={owner.isLooking}>
          Show
        </Button>
        <Button variant="default" onClick={() => change(moreOf(() => ''))}>
          Clear
        </Button>
      </div>
    </form>
  );
}

/** With the one that an address may have of its own. */
const within = (metres: string): { value: string; label: string }[] =>
  DISTANCES.some(({ value }) => value === metres)
    ? [...DISTANCES]
    : [...DISTANCES, { value: metres, label: `${metres} m` }];
