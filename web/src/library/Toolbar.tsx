import { CloseButton, Kbd, NativeSelect, TextInput } from '@mantine/core';
import { IconSearch } from '@tabler/icons-react';
import { useEffect, useRef } from 'react';
import { useLocation } from 'react-router';
import { filterStatuses, isVideoStatus, statusViews } from '../shared/status.ts';
import { isSort, sorts, type Sort } from './sort.ts';
import classes from './library.module.css';

export interface View {
  readonly q: string;
  readonly status: string;
  readonly tag: string;
  readonly sort: Sort;
}

export function Toolbar(props: { view: View; change: (changes: Partial<View>) => void; tags: readonly string[] }) {
  const { view, change, tags } = props;
  const field = useRef<HTMLInputElement>(null);
  const { state } = useLocation();
  const isAsked = (state as { search?: boolean } | null)?.search === true;
  useEffect(() => {
    if (isAsked) field.current?.focus();
  }, [isAsked]);
  const allTags = view.tag !== '' && !tags.includes(view.tag) ? [view.tag, ...tags] : tags;
  return (
    <search className={classes.toolbar}>
      <TextInput
        id="library-search"
        ref={field}
        type="search"
        className={classes.search}
        aria-label="Search by title or file name"
        aria-keyshortcuts="/"
        placeholder="Search titles and file names"
        leftSection={<IconSearch size={16} aria-hidden />}
        rightSection={
          view.q === '' ? (
            <Kbd size="xs" aria-hidden className={classes.kbd}>
              /
            </Kbd>
          ) : (
            <CloseButton size="sm" aria-label="Clear the search" onClick={() => change({ q: '' })} />
          )
        }
        value={view.q}
        maxLength={200}
        onChange={(event) => change({ q: event.currentTarget.value })}
        onKeyDown={(event) => {
          if (event.key !== 'Escape') return;
          event.preventDefault();
          if (view.q === '') field.current?.blur();
          else change({ q: '' });
        }}
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
    </search>
  );
}
