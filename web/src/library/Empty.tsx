import { Button } from '@mantine/core';
import { IconSearchOff, IconUpload, IconVideo } from '@tabler/icons-react';
import { usePerson } from '../auth/SessionContext.tsx';
import { State } from '../shared/states.tsx';
import { useUploads } from '../upload/UploadsContext.tsx';
import { moreOf } from './more.ts';
import type { View } from './Toolbar.tsx';
import classes from './library.module.css';

interface Props {
  readonly isFiltered: boolean;
  readonly of: 'own' | 'shared' | 'trash';
  readonly change: (view: Partial<View>) => void;
}

/** What stands in the place of videos where there are none. */
export default function Empty({ isFiltered, of, change }: Props) {
  return isFiltered ? (
    <NothingFound clear={() => change({ q: '', status: '', tag: '', ...moreOf(() => '') })} />
  ) : (
    <EmptyLibrary of={of} seeShared={() => change({ shared: '1' })} />
  );
}

function EmptyLibrary({ of, seeShared }: Pick<Props, 'of'> & { seeShared: () => void }) {
  const { mayUpload } = usePerson();
  const { toggle, isOpen } = useUploads();
  if (of === 'trash') {
    return (
      <State icon={IconVideo} title="The trash is empty">
        What you delete stays here for some days.
      </State>
    );
  }
  if (of === 'shared') {
    return (
      <State icon={IconVideo} title="Nothing is shared with you yet">
        What somebody lets you watch stands here, without a link of its own.
      </State>
    );
  }
  if (!mayUpload) {
    return (
      <State
        icon={IconVideo}
        title="Nothing here for you yet"
        action={<Button onClick={seeShared}>See what is shared with me</Button>}
      >
        You have no videos of your own. To upload some, ask whoever runs this to put you in the uploader group.
      </State>
    );
  }
  return (
    <div className={classes.empty} data-empty>
      <State
        icon={IconUpload}
        title="Upload your first video"
        action={
          <Button onClick={toggle} disabled={isOpen} leftSection={<IconUpload size={17} />}>
            Choose files
          </Button>
        }
      >
        Drop files anywhere on this page. Each one is sliced into renditions for every connection and screen, and can be
        played as soon as that is done.
      </State>
    </div>
  );
}

function NothingFound({ clear }: { clear: () => void }) {
  return (
    <State
      icon={IconSearchOff}
      title="No video matches"
      action={
        <Button variant="default" onClick={clear}>
          Clear search and filters
        </Button>
      }
    >
      Search looks at words of titles, descriptions, tags and file names. Check the spelling, or take a filter away.
    </State>
  );
}
