import { Button } from '@mantine/core';
import { useQueryClient } from '@tanstack/react-query';
import { IconRestore, IconTrash } from '@tabler/icons-react';
import { useEffect } from 'react';
import type { Video } from '../../../lib/contract/video.ts';
import { restoreAll } from './restoring.ts';
import classes from './library.module.css';

interface Props {
  /** One or more. */
  readonly chosen: readonly Video[];
  readonly all: () => void;
  readonly none: () => void;
  readonly remove: () => void;
}

/** Floats over the page's foot, so that choosing the first video moves nothing. */
export default function SelectionBar({ chosen, all, none, remove }: Props) {
  const client = useQueryClient();
  const isTrash = chosen.every(({ trashedAt }) => trashedAt !== undefined);
  useEffect(() => {
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
      <Button color="red.9" size="compact-md" leftSection={<IconTrash size={15} />} onClick={remove}>
        {isTrash ? 'Delete for good' : 'Delete'}
      </Button>
    </div>
  );
}
