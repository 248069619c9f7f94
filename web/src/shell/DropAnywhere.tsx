import { IconUpload } from '@tabler/icons-react';
import { useLayoutEffect, useState } from 'react';
import { usePerson } from '../auth/SessionContext.tsx';
import { useUploads } from '../upload/UploadsContext.tsx';
import classes from './shell.module.css';
import { notify } from '../shared/notify.tsx';

/** Files dropped on any part of any screen are uploads, from when it is there. */
export function DropAnywhere() {
  const { mayUpload } = usePerson();
  const { add } = useUploads();
  const [over, setOver] = useState(false);
  useLayoutEffect(() => {
    let depth = 0;
    const hasFiles = (event: DragEvent) => event.dataTransfer?.types.includes('Files') === true;
    const enter = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth += 1;
      setOver(true);
    };
    const leave = (event: DragEvent) => {
      if (!hasFiles(event)) return;
      depth = Math.max(0, depth - 1);
      if (depth === 0) setOver(false);
    };
    const drag = (event: DragEvent) => {
      if (hasFiles(event)) event.preventDefault();
    };
    const drop = (event: DragEvent) => {
      depth = 0;
      setOver(false);
      if (!hasFiles(event) || event.defaultPrevented) return;
      event.preventDefault();
      if (mayUpload) add([...(event.dataTransfer?.files ?? [])]);
      else
        notify({
          color: 'red',
          title: 'You may watch, not upload',
          message: 'Ask whoever runs this to put you in the uploader group.',
        });
    };
    // The uploader's own drop area stops the event, so the veil is lifted while it is still on its way down.
    const lift = () => {
      depth = 0;
      setOver(false);
    };
    window.addEventListener('dragenter', enter);
    window.addEventListener('dragleave', leave);
    window.addEventListener('dragover', drag);
    window.addEventListener('drop', lift, { capture: true });
    window.addEventListener('drop', drop);
    return () => {
      window.removeEventListener('dragenter', enter);
      window.removeEventListener('dragleave', leave);
      window.removeEventListener('dragover', drag);
      window.removeEventListener('drop', lift, { capture: true });
      window.removeEventListener('drop', drop);
    };
  }, [add, mayUpload]);
  if (!over || !mayUpload) return null;
  return (
    <div className={classes.veil}>
      <div>
        <IconUpload size={44} stroke={1.4} aria-hidden />
        Drop to upload
      </div>
    </div>
  );
}
