import { useQuery } from '@tanstack/react-query';
import type { StorageAnswer } from '../../../lib/contract/storage.ts';
import { bytes } from '../shared/format.ts';
import { storageQuery } from './query.ts';
import classes from './storage.module.css';

/** How much of the quota is used, where there is one; uploads under way count. */
export function Quota() {
  const { data } = useQuery(storageQuery);
  return data?.quotaBytes === undefined ? null : <Used {...data} quotaBytes={data.quotaBytes} />;
}

export function Used(kept: Pick<StorageAnswer, 'bytes' | 'uploading'> & { quotaBytes: number }) {
  const used = kept.bytes + kept.uploading;
  const words = `${bytes(used)} of ${bytes(kept.quotaBytes)} used`;
  return (
    <p className={classes.quota}>
      <meter aria-label="Of your quota" min={0} max={kept.quotaBytes} high={kept.quotaBytes * 0.9} value={used}>
        {words}
      </meter>
      <span>
        {words}
        {kept.uploading > 0 && `, ${bytes(kept.uploading)} of it by uploads under way`}
      </span>
    </p>
  );
}
