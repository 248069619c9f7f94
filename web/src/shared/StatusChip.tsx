import type { Video } from '../../../lib/contract/video.ts';
import { isSlicing, statusViews } from './status.ts';
import classes from './shared.module.css';

/** Of an upload only the uploader knows how far it is; of what is pulled from an address, the record. */
const isMoving = ({ status, progress }: Pick<Video, 'status' | 'progress'>): boolean =>
  isSlicing(status) || (status === 'uploading' && progress > 0);

/** Of what can be played already the number is not how much of it can. */
const far = ({ status, progress }: Pick<Video, 'status' | 'progress'>): string =>
  status === 'playable' ? `, ${Math.round(progress)} % done` : ` ${Math.round(progress)} %`;

/** The status in words; colour only underlines it. */
export function StatusChip({ video }: { video: Pick<Video, 'status' | 'progress'> }) {
  const view = statusViews[video.status];
  return (
    <span className={classes.chip} data-tone={view.tone} title={view.hint}>
      {view.label}
      {isMoving(video) && video.progress > 0 && far(video)}
    </span>
  );
}

/** A bar that keeps its place when there is nothing to show, so that nothing moves when slicing starts or ends. */
export function ProgressLine({ video }: { video: Pick<Video, 'status' | 'progress' | 'title'> }) {
  const busy = isMoving(video);
  return (
    <div
      className={classes.line}
      data-busy={busy}
      {...(busy && {
        role: 'progressbar',
        'aria-label': `${video.status === 'uploading' ? 'Fetching' : 'Slicing'} ${video.title}`,
        'aria-valuenow': Math.round(video.progress),
        'aria-valuemin': 0,
        'aria-valuemax': 100,
      })}
    >
      {busy && <span style={{ width: `${Math.max(2, video.progress)}%` }} />}
    </div>
  );
}
