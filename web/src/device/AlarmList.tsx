import { Skeleton } from '@mantine/core';
import { IconFile, IconMovie, IconMusic, IconPhoto } from '@tabler/icons-react';
import { Link } from 'react-router';
import type { Alarm } from '../../../lib/contract/device.ts';
import { StateMark } from '../fleet/StateMark.tsx';
import { bytes, exact } from '../shared/format.ts';
import { Failure } from '../shared/states.tsx';
import { alarmDetail, alarmTitle, fileKinds, lasted, timeOfDay, withoutEnds } from './words.ts';
import classes from './device.module.css';

interface Props {
  readonly alarms: readonly Alarm[] | undefined;
  /** There are more than these. */
  readonly hasMore: boolean;
  readonly error: unknown;
  readonly retry: () => void;
  /** The moment the page is at; epoch ms. */
  readonly at: number;
  readonly goTo: (at: number) => void;
}

/** ms around an alarm in which it is the one that is looked at. */
const NEAR = 5_000;

export function AlarmList({ alarms: all, hasMore, error, retry, at, goTo }: Props) {
  const alarms = all && withoutEnds(all);
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
            <AlarmRow key={`${alarm.time} ${alarm.id}`} alarm={alarm} at={at} goTo={goTo} />
          ))}
        </ul>
      )}
    </section>
  );
}

function AlarmRow({ alarm, at, goTo }: { alarm: Alarm } & Pick<Props, 'at' | 'goTo'>) {
  const time = Date.parse(alarm.time);
  const title = alarmTitle(alarm);
  return (
    <li data-near={Math.abs(at - time) < NEAR}>
      <button
        type="button"
        onClick={() => goTo(time)}
        title={`Show ${exact(alarm.time)}`}
        aria-current={Math.abs(at - time) < NEAR || undefined}
      >
        <StateMark state="alarm" size={16} />
        <span>
          <strong>{title}</strong>
          <small>{[alarmDetail(alarm), lasted(alarm)].filter((part) => part !== undefined).join(', ')}</small>
        </span>
        <time dateTime={alarm.time}>{timeOfDay(time)}</time>
      </button>
      <AlarmFiles alarm={alarm} />
    </li>
  );
}

/** What came with an alarm: pictures as such, everything else by its name. Nothing where nothing came. */
export function AlarmFiles({ alarm }: { alarm: Alarm }) {
  if (alarm.files.length === 0) return null;
  const pictures = alarm.files.filter((file) => isShown(file));
  const others = alarm.files.filter((file) => !isShown(file));
  return (
    <ul className={classes.files} aria-label={`Files of ${alarmTitle(alarm)}`}>
      {[...pictures, ...others].map((file) => (
        <li key={file.name} title={`${file.name}, ${bytes(file.bytes)}`}>
          <AlarmFile file={file} />
        </li>
      ))}
    </ul>
  );
}

type File = Alarm['files'][number];

const isShown = ({ kind, state, url }: File): boolean =>
  kind === 'picture' && state === 'complete' && url !== undefined;

const ICONS = { video: IconMovie, picture: IconPhoto, audio: IconMusic, data: IconFile } as const;

function AlarmFile({ file }: { file: File }) {
  const { name, kind, url, videoId, state, reason } = file;
  const Icon = ICONS[kind];
  const label = (
    <>
      <Icon size={15} aria-hidden />
      {fileKinds[kind]}
      <small>
        {state === 'expected'
          ? 'on its way'
          : state === 'failed'
            ? reason === undefined
              ? 'incomplete'
              : 'refused'
            : bytes(file.bytes)}
      </small>
    </>
  );
  if (isShown(file)) {
    return (
      <a href={url} target="_blank" rel="noreferrer">
        <img src={url} alt={`${fileKinds[kind]} ${name}`} loading="lazy" width={112} height={63} />
      </a>
    );
  }
  if (state === 'complete' && videoId !== undefined) return <Link to={`/v/${videoId}`}>{label}</Link>;
  if (state === 'complete' && url !== undefined) {
    return (
      <a href={url} download={name} title={reason}>
        {label}
      </a>
    );
  }
  return (
    <span data-state={state} title={reason}>
      {label}
    </span>
  );
}
