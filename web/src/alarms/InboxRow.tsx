import { Button, Checkbox } from '@mantine/core';
import { Link } from 'react-router';
import type { InboxAlarm } from '../../../lib/contract/inbox.ts';
import { AlarmFiles } from '../device/AlarmList.tsx';
import { alarmDetail, alarmTitle, lasted } from '../device/words.ts';
import { StateMark } from '../fleet/StateMark.tsx';
import { Called } from '../shared/people.tsx';
import { Ago } from '../shared/Time.tsx';
import { liveOf, momentOf, placeOf } from './words.ts';
import classes from './alarms.module.css';

interface Props {
  readonly alarm: InboxAlarm;
  readonly isChosen: boolean;
  readonly choose: (isOn: boolean) => void;
  readonly acknowledge: () => void;
  readonly isBusy: boolean;
}

export function InboxRow({ alarm, isChosen, choose, acknowledge, isBusy }: Props) {
  const title = alarmTitle(alarm);
  const called = `${title} of ${alarm.deviceName}`;
  const live = liveOf(alarm);
  const { acknowledged, position } = alarm;
  const isNew = alarm.state === 'new';
  return (
    <li data-new={isNew} aria-label={called}>
      {isNew ? (
        <Checkbox
          aria-label={`Choose ${called}`}
          checked={isChosen}
          onChange={(event) => choose(event.currentTarget.checked)}
        />
      ) : (
        <span className={classes.seen} />
      )}
      <StateMark state={isNew ? 'alarm' : 'standing'} size={18} />
      <div className={classes.what}>
        <p>
          <Link to={momentOf(alarm)}>
            <strong>{title}</strong>
          </Link>{' '}
          <Link to={`/d/${alarm.device}`} className={classes.device}>
            {alarm.deviceName}
          </Link>
        </p>
        <p className={classes.detail}>
          {[alarmDetail(alarm), lasted(alarm)].filter((part) => part !== undefined && part !== '').join(', ')}
          {position && <span className={classes.place}>{placeOf(position)}</span>}
        </p>
        <p className={classes.ways}>
          <Link to={momentOf(alarm)}>Recording</Link>
          {live !== undefined && <Link to={live}>Live</Link>}
          {position && <Link to={`/map?device=${alarm.device}`}>Map</Link>}
        </p>
        <AlarmFiles alarm={alarm} />
        {acknowledged && (
          <p className={classes.detail}>
            Acknowledged by <Called subject={acknowledged.by} /> <Ago at={acknowledged.at} />
          </p>
        )}
      </div>
      <div className={classes.side}>
        <Ago at={alarm.time} />
        {isNew && (
          <Button
            variant="default"
            size="compact-sm"
            aria-label={`Acknowledge ${called}`}
            disabled={isBusy}
            onClick={acknowledge}
          >
            Acknowledge
          </Button>
        )}
      </div>
    </li>
  );
}
