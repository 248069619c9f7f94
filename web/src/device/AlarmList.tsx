import { Skeleton } from '@mantine/core';
import { IconFile, IconMovie, IconMusic, IconPhoto } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { Alarm } from '../../../lib/contract/device.ts';
import { StateMark } from '../map/StateMark.tsx';
import { bytes, exact } from '../shared/format.ts';
import { Failure } from '../shared/states.tsx';
import { alarmDetail, alarmTitle, timeOfDay } from './words.ts';
import classes from './device.module.css';

interface Props {
  readonly alarms: readonly Alarm[] | undefined;
  /** There are more than these. */
  readonly hasMore: boolean;
  readonly error: unknown;
  readonly retry: () => void;
  readonly goTo: (at: number) => void;
}

export function AlarmList({ alarms, hasMore, error, retry, goTo }: Props) {
  return (
    <section className={classes.alarms} aria-labelledby="alarms-title">
      <h2 id="alarms-title">
        Alarms
        {alarms && alarms.length > 0 && <small>{hasMore ? `the latest ${alarms.length}` : alarms.length}</small>}
      </h2>
      {!alarms ? (
        error ? (
          <Failure error={error} retry={retry} />
        ) : (
          <Skeleton height={96} aria-busy="true" />
        )
      ) : alarms.length === 0 ? (
        <p className={classes.dim}>None on this day.</p>
      ) : (
        <ul>
          {alarms.map((alarm) => (
            <li key={`${alarm.time} ${alarm.id}`}>
              <button type="button" onClick={() => goTo(Date.parse(alarm.time))} title={exact(alarm.time)}>
                <StateMark state="alarm" size={16} />
                <span>
                  <strong>{alarmTitle(alarm)}</strong>
                  <small>{alarmDetail(alarm)}</small>
                </span>
                <time dateTime={alarm.time}>{timeOfDay(Date.parse(alarm.time))}</time>
              </button>
              {alarm.files.length > 0 && (
                <ul className={classes.files} aria-label={`Files of ${alarmTitle(alarm)}`}>
                  {alarm.files.map((file) => (
                    <li key={file.name}>
                      <AlarmFile file={file} />
                    </li>
                  ))}
                </ul>
              )}
            </li>
          ))}
        </ul>
      )}
    </section>
  );
}

const ICONS = { video: IconMovie, picture: IconPhoto, audio: IconMusic, data: IconFile } as const;

function AlarmFile({ file }: { file: Alarm['files'][number] }) {
  const { name, kind, url, videoId, state } = file;
  const Icon = ICONS[kind];
  const label = (
    <>
      <Icon size={15} aria-hidden />
      <span>{name}</span>
    </>
  );
  if (state === 'expected') return <span title={`${name}: the device is still sending it`}>{label} on its way</span>;
  if (state === 'failed') return <span title={`${name}: the device never sent all of it`}>{label} incomplete</span>;
  if (videoId !== undefined) return <Link to={`/v/${videoId}`}>{label}</Link>;
  if (url === undefined) return <span>{label}</span>;
  if (kind === 'picture') {
    return (
      <a href={url} target="_blank" rel="noreferrer" title={`${name}, ${bytes(file.bytes)}`}>
        <img src={url} alt={name} loading="lazy" width={112} height={63} />
      </a>
    );
  }
  return (
    <a href={url} download={name} title={bytes(file.bytes)}>
      {label}
    </a>
  );
}
