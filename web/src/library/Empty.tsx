import { Button, FileButton } from '@mantine/core';
import { IconSearchOff, IconUpload, IconVideo } from '@tabler/icons-react';
import { useRef } from 'react';
import { offeredTypes } from '../../../lib/contract/media-types.ts';
import { usePerson, useSession } from '../auth/SessionContext.tsx';
import { State } from '../shared/states.tsx';
import { useUploads } from '../upload/UploadsContext.tsx';
import { moreOf } from './more.ts';
import type { View } from './Toolbar.tsx';
import classes from './library.module.css';

interface Props {
  readonly isFiltered: boolean;
  /** What is asked for: words, and where or when something was recorded. */
  readonly asked: { readonly hasWords: boolean; readonly isOfRecording: boolean };
  readonly of: 'own' | 'shared' | 'trash';
  readonly change: (view: Partial<View>) => void;
}

/** What stands in the place of videos where there are none. */
export default function Empty({ isFiltered, asked, of, change }: Props) {
  return isFiltered ? (
    <NothingFound {...asked} clear={() => change({ q: '', status: '', tag: '', ...moreOf(() => '') })} />
  ) : (
    <EmptyLibrary of={of} seeShared={() => change({ shared: '1' })} />
  );
}

function EmptyLibrary({ of, seeShared }: Pick<Props, 'of'> & { seeShared: () => void }) {
  const { mayUpload } = usePerson();
  const { config } = useSession();
  const { add } = useUploads();
  /** So that the same file, chosen again, is heard of again. */
  const forget = useRef<() => void>(null);
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
          <FileButton
            multiple
            accept={offeredTypes(config.upload.types)?.join(',') ?? ''}
            resetRef={forget}
            onChange={(files) => {
              forget.current?.();
              if (files.length > 0) add(files);
            }}
          >
            {(props) => (
              <Button {...props} leftSection={<IconUpload size={17} />}>
                Choose files
              </Button>
            )}
          </FileButton>
        }
      >
        Drop files anywhere on this page. Each one is sliced into renditions for every connection and screen, and can be
        played as soon as that is done.
      </State>
    </div>
  );
}

function NothingFound({ hasWords, isOfRecording, clear }: Props['asked'] & { clear: () => void }) {
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
      {hasWords && 'Search looks at words of titles, descriptions, tags and file names. Check the spelling. '}
      {isOfRecording && 'Where and when something was recorded is known of what devices filmed alone. '}
      Take a filter away, or widen it.
    </State>
  );
}
