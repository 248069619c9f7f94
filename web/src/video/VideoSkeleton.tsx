import { Skeleton } from '@mantine/core';
import classes from './video.module.css';

/** The video's screen before anything is known: every block already in its place. */
export function VideoSkeleton() {
  return (
    <div className={classes.room} aria-busy="true">
      <span className="visually-hidden" role="status">
        Loading the video
      </span>
      <div className={classes.page}>
        <div className={classes.left}>
          <Skeleton className={classes.stage} radius={10} />
          <Skeleton height={28} width="50%" mt={6} />
          <Skeleton height={18} width="30%" />
        </div>
        <div className={classes.right}>
          <Skeleton height={36} />
          <Skeleton height={220} />
        </div>
      </div>
    </div>
  );
}
