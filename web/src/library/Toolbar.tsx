import { Button, CloseButton, NativeSelect, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { lazy, Suspense, useEffect, useRef, useState } from 'react';
import { useLocation } from 'react-router';
import type { More } from '../api/queries.ts';
import { usePerson } from '../auth/SessionContext.tsx';
import { filterStatuses, isVideoStatus, statusViews } from '../shared/status.ts';
import { isAsked } from './more.ts';
import { isSort, sorts, type Sort } from './sort.ts';
import classes from './library.module.css';

const MoreFilters = lazy(() => import('./MoreFilters.tsx'));

export interface View extends More {
  readonly q: string;
  readonly status: string;
  readonly tag: string;
  readonly shared: '' | '1';
  readonly trash: '' | '1';
  readonly sort: Sort;
}

export function Toolbar(props: { view: View; change: (changes: Partial<View>) => void; tags: readonly string[] }) {
  const { view, change, tags } = props;
  const { isAdmin } = usePerson();
  const field = useRef<HTMLInputElement>(null);
  const [text, setText] = useSearchText(view.q, (q) => change({ q }));
  const [isOpen, setOpen] = useState(false);
  const { state } = useLocation();
  const isSought = (state as { search?: boolean } | null)?.search === true;
  useEffect(() => {
    if (isSought) field.current?.focus();
  }, [isSought]);
  const allTags = view.tag !== '' && !tags.includes(view.tag) ? [view.tag, ...tags] : tags;
  return (
    <search className={classes.toolbar}>
      <TextInput
        id="library-search"
        ref={field}
        type="search"
        className={classes.search}
        aria-label="Search by title, description, tag or file name"
        aria-keyshortcuts="/"
        placeholder="Search videos by words"
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={
          text === '' ? (
            <kbd aria-hidden className={classes.kbd}>
              /
            </kbd>
          ) : (
            <CloseButton size="sm" aria-label="Clear the search" onClick={() => setText('')} />
          )
        }
        value={text}
        maxLength={200}
        onChange={(event) => setText(event.currentTarget.value)}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.preventDefault();
          if (text === '') field.current?.blur();
          else setText('');
        }}
      />
      <NativeSelect
        aria-label="Whose"
        className={classes.filter}
        data={[
          { value: '', label: isAdmin ? 'All videos' : 'My videos' },
          { value: 'shared', label: 'Shared with me' },
          { value: 'trash', label: 'Trash' },
        ]}
        value={view.trash === '1' ? 'trash' : view.shared === '1' ? 'shared' : ''}
        onChange={({ currentTarget: { value } }) =>
          change({ shared: value === 'shared' ? '1' : '', trash: value === 'trash' ? '1' : '' })
        }
      />
      <NativeSelect
        aria-label="Status"
        className={classes.filter}
        data={[
          { value: '', label: 'Any status' },
          ...filterStatuses.map((value) => ({ value, label: statusViews[value].label })),
        ]}
        value={view.status}
        onChange={({ currentTarget: { value } }) => change({ status: isVideoStatus(value) ? value : '' })}
      />
      <NativeSelect
        aria-label="Tag"
        className={classes.filter}
        data={[{ value: '', label: 'Any tag' }, ...allTags.map((tag) => ({ value: tag, label: tag }))]}
        value={view.tag}
        onChange={(event) => change({ tag: event.currentTarget.value })}
        disabled={allTags.length === 0}
      />
      <NativeSelect
        aria-label="Order"
        className={classes.filter}
        data={Object.entries(sorts).map(([value, label]) => ({ value, label }))}
        value={view.sort}
        onChange={({ currentTarget: { value } }) => change({ sort: isSort(value) ? value : 'newest' })}
      />
      <Button
        id="library-filters"
        variant="default"
        className={classes.further}
        aria-expanded={isOpen}
        onClick={() => setOpen(!isOpen)}
      >
        Filters
      </Button>
      {(isOpen || isAsked(view)) && (
        <Suspense>
          <MoreFilters
            more={view}
            isOpen={isOpen}
            isShared={view.shared === '1'}
            change={(more) => {
              change(more);
              setOpen(false);
            }}
          />
        </Suspense>
      )}
    </search>
  );
}

/**
 * What stands in the field, and a moment after the last key, in the address. The router changes the address in a
 * transition, too late to be what a field shows while one types.
 */
function useSearchText(address: string, push: (text: string) => void): [string, (text: string) => void] {
  const [text, setText] = useState(address);
  const pushed = useRef(address);
  const latest = useRef(push);
  useEffect(() => {
    latest.current = push;
  });
  useEffect(() => {
    if (address === pushed.current) return;
    pushed.current = address;
    setText(address);
  }, [address]);
  useEffect(() => {
    if (text === pushed.current) return undefined;
    const timer = setTimeout(() => {
      pushed.current = text;
      // Who leaves at that moment is elsewhere by address, while this page still stands.
      if (location.pathname === '/') latest.current(text);
    }, 250);
    return () => clearTimeout(timer);
  }, [text]);
  return [text, setText];
}
