import { Button } from '@mantine/core';
import { IconTrash } from '@tabler/icons-react';
import { useEffect } from 'react';
import classes from './library.module.css';

interface Props {
  /** Videos that are chosen; not none. */
  readonly some: number;
  readonly all: () => void;
  readonly none: () => void;
  readonly remove: () => void;
}

/** Floats over the page's foot, so that choosing the first video moves nothing. */
export default function SelectionBar({ some, all, none, remove }: Props) {
  useEffect(() => {
    const press = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented && !document.querySelector('[aria-modal="true"]')) none();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [none]);
  return (
    <div className={classes.selection} role="toolbar" aria-label="Selected videos">
      <strong role="status">{some} selected</strong>
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
