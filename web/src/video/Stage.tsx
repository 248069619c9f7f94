import { Button } from '@mantine/core';
import { IconAlertTriangle, IconScissors, IconUpload } from '@tabler/icons-react';
import type { Video } from '../../../lib/contract/video.ts';
import { useUploads } from '../upload/UploadsContext.tsx';
import { statusViews } from '../shared/status.ts';
import { ProgressLine } from '../shared/StatusChip.tsx';
import classes from './video.module.css';

/** Where the player will stand: why there is none yet, and how far it is. */
export function Stage({ video }: { video: Video }) {
  const ratio = video.width && video.height ? video.width / video.height : 16 / 9;
  return (
    <div className={classes.stage} style={{ '--ratio': ratio } as React.CSSProperties} data-status={video.status}>
      {video.status === 'failed' ? (
        <Failed video={video} />
      ) : (
        <div className={classes.waiting} role="status">
          {video.status === 'uploading' ? (
            <IconUpload size={36} stroke={1.4} />
          ) : (
            <IconScissors size={36} stroke={1.4} />
          )}
          <strong>
            {statusViews[video.status].label}
            {video.status === 'probed' && ` ${Math.round(video.progress)} %`}
          </strong>
          <span>{statusViews[video.status].hint}</span>
          <ProgressLine video={video} />
        </div>
      )}
    </div>
  );
}

function Failed({ video }: { video: Video }) {
  const { toggle, isOpen } = useUploads();
  return (
    <div className={classes.waiting} role="alert">
      <IconAlertTriangle size={36} stroke={1.4} />
      <strong>This video could not be sliced</strong>
      <span>{video.failure?.reason ?? 'No reason was given.'}</span>
      <span>This entry stays until you delete it.</span>
      <Button variant="white" color="dark" onClick={toggle} disabled={isOpen} mt={4}>
        Upload again
      </Button>
    </div>
  );
}
