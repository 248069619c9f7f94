import { Button } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useEffect } from 'react';
import type { Video } from '../../../lib/contract/video.ts';
import classes from './library.module.css';

interface Props {
  readonly chosen: readonly Video[];
  readonly all: () => void;
  readonly none: () => void;
  readonly remove: () => void;
}

/** Floats over the page's foot, so that choosing the first video moves nothing. */
export function SelectionBar({ chosen, all, none, remove }: Props) {
  const isShown = chosen.length > 0;
  useEffect(() => {
    if (!isShown) return undefined;
    const press = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented && !document.querySelector('[aria-modal="true"]')) none();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [isShown, none]);
  if (!isShown) return null;
  return (
    <div className={classes.selection} role="toolbar" aria-label="Selected videos">
      <strong role="status">{chosen.length} selected</strong>
      <Button variant="subtle" color="gray" size="compact-md" onClick={all}>
        All loaded
      </Button>
      <Button variant="subtle" color="gray" size="compact-md" onClick={none}>
        None
      </Button>
      <Button color="red.9" size="compact-md" leftSection={<IconTrash size={15} />} onClick={remove}>
        Delete
      </Button>
    </div>
  );
}
