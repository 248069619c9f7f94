import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { IconPencil, IconRestore, IconTrash } from '@tabler/icons-react';
import { lazy, Suspense, useLayoutEffect, useState } from 'react';
import type { Video } from '../../../lib/contract/video.ts';
import { restoreAll } from './restoring.ts';
import classes from './selection.module.css';

const BulkDialog = lazy(() => import('./BulkDialog.tsx'));

interface Props {
  /** One or more. */
  readonly chosen: readonly Video[];
  readonly all: () => void;
  readonly none: () => void;
  /** Selects these and no other. */
  readonly only: (ids: readonly string[]) => void;
  readonly remove: () => void;
}

/** Floats over the page's foot, so that choosing the first video moves nothing. */
export default function SelectionBar({ chosen, all, none, only, remove }: Props) {
  const client = useQueryClient();
  const [isChanging, setChanging] = useState(false);
  const isTrash = chosen.every(({ trashedAt }) => trashedAt !== undefined);
  useLayoutEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented && !document.querySelector('[aria-modal="true"]')) none();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [none]);
  return (
    <div className={classes.selection} role="toolbar" aria-label="Selected videos">
      <strong role="status">{chosen.length} selected</strong>
      <Button variant="subtle" color="gray" size="compact-md" onClick={all}>
        All loaded
      </Button>
      <Button variant="subtle" color="gray" size="compact-md" onClick={none}>
        None
      </Button>
      {isTrash && (
        <Button
          variant="default"
          size="compact-md"
          leftSection={<IconRestore size={15} />}
          onClick={() => {
            none();
            void restoreAll(client, chosen);
          }}
        >
          Restore
        </Button>
      )}
      {!isTrash && (
        <Button
          variant="default"
          size="compact-md"
          leftSection={<IconPencil size={15} />}
          onClick={() => setChanging(true)}
        >
          Change
        </Button>
      )}
      <Button color="red.9" size="compact-md" leftSection={<IconTrash size={15} />} onClick={remove}>
        {isTrash ? 'Delete for good' : 'Delete'}
      </Button>
      {isChanging && (
        <Suspense>
          <BulkDialog videos={chosen} close={() => setChanging(false)} done={only} />
        </Suspense>
      )}
    </div>
  );
}
