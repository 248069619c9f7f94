import '@uppy/core/css/style.min.css';
import '@uppy/dashboard/css/style.min.css';
import { ActionIcon, Button, Title } from '@mantine/core';
import Dashboard from '@uppy/react/dashboard';
import { IconX } from '@tabler/icons-react';
import { useEffect, useLayoutEffect, useRef, useState, useSyncExternalStore } from 'react';
import { useSession } from '../auth/SessionContext.tsx';
import { bytes } from '../shared/format.ts';
import type { Encryption } from './encryption.ts';
import { EncryptionChoice } from './EncryptionChoice.tsx';
import { FromAddress } from './FromAddress.tsx';
import { Quota } from '../storage/Quota.tsx';
import { useCountedAnew } from '../storage/useCountedAnew.ts';
import classes from './upload.module.css';
import { UploadRow } from './UploadRow.tsx';
import type { Uploader } from './uploader.ts';

/** One object for all renders: a new one would make the Dashboard set itself up again each time. */
const WORDS = { strings: { dropPasteFiles: 'Drop videos here or %{browseFiles}', browseFiles: 'choose files' } };

/** Beside the page, not over it: it stays while one browses. Hidden, it keeps uploading. */
export default function UploadPanel(props: { uploader: Uploader; isOpen: boolean; close: () => void }) {
  const { uploader, isOpen, close } = props;
  const { config } = useSession();
  const files = useSyncExternalStore(uploader.subscribe, uploader.list);
  const [encryption, setEncryption] = useState<Encryption>();
  const panel = useRef<HTMLElement>(null);
  useEffect(() => {
    if (isOpen) panel.current?.focus({ preventScroll: true });
  }, [isOpen]);
  useLayoutEffect(() => {
    if (!isOpen) return undefined;
    const press = (event: KeyboardEvent) => {
      if (event.key === 'Escape' && !event.defaultPrevented && !document.querySelector('[aria-modal="true"]')) close();
    };
    document.addEventListener('keydown', press);
    return () => document.removeEventListener('keydown', press);
  }, [isOpen, close]);

  // One that ends is kept, or is cancelled: it is under way no more.
  useCountedAnew(files.map(({ videoId, state }) => `${videoId} ${state === 'arrived'}`).join());
  const done = files.filter(({ state }) => state === 'arrived');
  return (
    <aside ref={panel} className={classes.panel} hidden={!isOpen} aria-label="Uploads" tabIndex={-1}>
      <div className={classes.head}>
        <Title order={2} fz="lg">
          Uploads
        </Title>
        {done.length > 0 && (
          <Button
            variant="subtle"
            size="compact-sm"
            onClick={() =>
              uploader.act(
                'remove',
                done.map(({ id }) => id),
              )
            }
          >
            Clear finished
          </Button>
        )}
        <ActionIcon variant="subtle" color="gray" aria-label="Close uploads" onClick={close} className={classes.close}>
          <IconX size={18} />
        </ActionIcon>
      </div>
      <div className={classes.drop} data-small={files.length > 0}>
        <Dashboard
          uppy={uploader.picker}
          theme="auto"
          width="100%"
          height={files.length > 0 ? 110 : 220}
          showSelectedFiles={false}
          disableStatusBar
          disableThumbnailGenerator
          proudlyDisplayPoweredByUppy={false}
          fileManagerSelectionType="files"
          locale={WORDS}
        />
      </div>
      <FromAddress encryption={encryption} />
      <EncryptionChoice
        value={encryption}
        choose={(wanted) => {
          setEncryption(wanted);
          uploader.encrypt(wanted);
        }}
      />
      <p className={classes.note}>
        Up to {bytes(config.upload.maxBytes)} each. Go on browsing; an upload also goes on after a reload of the page.
      </p>
      <Quota />
      <ul className={classes.rows} aria-label="Files">
        {files.toReversed().map((upload) => (
          <UploadRow key={upload.id} upload={upload} act={(act) => uploader.act(act, [upload.id])} />
        ))}
      </ul>
    </aside>
  );
}
