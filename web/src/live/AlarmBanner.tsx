/** Over the wall: the latest alarm that nobody has seen to, of the vehicles on it first. Full screen shows it, too. */
import { Button } from '@mantine/core';
import { useQuery } from '@tanstack/react-query';
import { IconAlertTriangle } from '@tabler/icons-react';
import { Link } from 'react-router';
import { latestQuery, useAcknowledge } from '../alarms/queries.ts';
import { momentOf, newsOf } from '../alarms/words.ts';
import { alarmTitle } from '../device/words.ts';
import { Ago, useNow } from '../shared/Time.tsx';
import classes from './live.module.css';

export function AlarmBanner({ onWall }: { onWall: ReadonlySet<string> }) {
  const { data } = useQuery(latestQuery);
  const acknowledging = useAcknowledge();
  const now = useNow();
  const news = newsOf(data?.alarms ?? [], onWall, now);
  // Always there, so that a screen reader hears of what comes into it.
  return (
    <div className={classes.banner} data-on={news !== undefined} role="status" aria-live="polite" aria-label="Alarm">
      {news && (
        <>
          <IconAlertTriangle size={18} aria-hidden />
          <p>
            <strong>{alarmTitle(news.alarm)}</strong> <bdi>{news.alarm.deviceName}</bdi>{' '}
            <small>
              <Ago at={news.alarm.time} />
            </small>
          </p>
          <Link to={momentOf(news.alarm)}>Show</Link>
          <Button
            variant="default"
            size="compact-sm"
            loading={acknowledging.isPending}
            onClick={() => acknowledging.mutate([news.alarm])}
          >
            Acknowledge
          </Button>
          {news.others > 0 && <Link to="/alarms">{`${news.others} more`}</Link>}
        </>
      )}
    </div>
  );
}
