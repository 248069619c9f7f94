import { SegmentedControl } from '@mantine/core';
import { useEffect, useMemo, useRef, useState } from 'react';
import type { Alarm, Channel } from '../../../lib/contract/device.ts';
import type { Stretch } from '../fleet/stretch.ts';
import { count, format, span } from '../shared/format.ts';
import { fittingZoom, percentOf, ticksOf, viewAround, ZOOMS, type Zoom } from './day.ts';
import { gapsOf, recordedMs, recordingAt } from './recordings.ts';
import { alarmTitle, timeOfDay } from './words.ts';
import classes from './device.module.css';

interface Props {
  readonly day: Stretch;
  readonly at: number;
  readonly goTo: (at: number) => void;
  readonly channels: readonly Channel[];
  readonly chosen: number;
  readonly choose: (channel: number) => void;
  /** By channel number; undefined while it loads. */
  readonly recordings: ReadonlyMap<number, readonly Stretch[] | undefined>;
  readonly alarms: readonly Alarm[];
  /** The stretch that a clip is being made of. */
  readonly marked: Stretch | undefined;
}

/** ms that a key moves the moment by. */
const KEYS: Readonly<Record<string, number>> = {
  ArrowLeft: -5_000,
  ArrowRight: 5_000,
  ArrowDown: -60_000,
  ArrowUp: 60_000,
  PageDown: -600_000,
  PageUp: 600_000,
};

/** Pixels from one time of day below the bar to the next at least, those its text takes, and those around an alarm that are the alarm. */
const TICK = 72;
const LABEL = 56;
const SNAP = 6;

export function Timeline(props: Props) {
  const { day, at, goTo, channels, chosen, choose, recordings, alarms, marked } = props;
  const [zoom, setZoom] = useZoom(day, recordings);
  const view = useView(day, zoom, at);
  const bar = useRef<HTMLDivElement>(null);
  const width = useWidth(bar);
  const ticks = useMemo(() => ticksOf(view, Math.max(2, Math.floor(width / TICK))), [view, width]);
  const here = recordings.get(chosen);
  const isRecorded = here !== undefined && recordingAt(here, at) !== undefined;

  /** Where a mouse is, epoch ms: a finger has no place before it touches. */
  const [over, setOver] = useState<number>();
  /** The moment below a pointer; an alarm that is near enough is meant, but for one that draws. */
  const momentAt = (event: React.PointerEvent, isDrawing: boolean) => {
    const box = bar.current!.getBoundingClientRect();
    const part = Math.min(1, Math.max(0, (event.clientX - box.left) / box.width));
    const moment = Math.min(day.to - 1, view.from + part * (view.to - view.from));
    const reach = (SNAP / box.width) * (view.to - view.from);
    const times = isDrawing ? [] : alarms.map(({ time }) => Date.parse(time));
    return times.find((time) => Math.abs(time - moment) <= reach) ?? moment;
  };
  const press = (event: React.KeyboardEvent) => {
    const by = KEYS[event.key];
    const target =
      event.key === 'Home'
        ? here?.[0]?.from
        : event.key === 'End'
          ? here?.at(-1)?.to
          : by !== undefined
            ? at + by
            : undefined;
    if (target === undefined) return;
    event.preventDefault();
    event.stopPropagation();
    goTo(Math.min(day.to - 1, Math.max(day.from, target)));
  };
  const left = (moment: number) => `${percentOf(view, moment)}%`;
  const block = ({ from, to }: Stretch): React.CSSProperties => ({
    left: left(from),
    width: `max(2px, ${percentOf(view, to) - percentOf(view, from)}%)`,
  });
  const isIn = ({ from, to }: Stretch) => to > view.from && from < view.to;

  return (
    <section className={classes.timeline} aria-label="Time line">
      <div className={classes.timelineHead}>
        <Summary recordings={here} />
        <SegmentedControl
          size="xs"
          aria-label="Length shown"
          data={Object.keys(ZOOMS).map((value) => ({ value, label: value === 'day' ? 'Day' : value }))}
          value={zoom}
          onChange={(value) => setZoom(value as Zoom)}
        />
      </div>
      <div className={classes.tracks}>
        <div className={classes.names}>
          {channels.map(({ number, name }) => (
            <button
              key={number}
              type="button"
              aria-pressed={number === chosen}
              title={name}
              onClick={() => choose(number)}
            >
              {name}
            </button>
          ))}
        </div>
        <div
          ref={bar}
          className={classes.bar}
          role="slider"
          tabIndex={0}
          aria-label="Moment"
          aria-valuemin={0}
          aria-valuemax={Math.round((day.to - day.from) / 1000)}
          aria-valuenow={Math.round((at - day.from) / 1000)}
          aria-valuetext={`${timeOfDay(at)}, ${isRecorded ? 'recorded' : 'nothing recorded'}`}
          onKeyDown={press}
          onPointerDown={(event) => {
            event.currentTarget.setPointerCapture(event.pointerId);
            goTo(momentAt(event, false));
          }}
          onPointerMove={(event) => {
            const isDrawing = event.currentTarget.hasPointerCapture(event.pointerId);
            if (isDrawing) goTo(momentAt(event, true));
            if (event.pointerType === 'mouse') setOver(momentAt(event, isDrawing));
          }}
          onPointerLeave={() => setOver(undefined)}
        >
          {channels.map(({ number }) => (
            <div key={number} className={classes.lane} data-chosen={number === chosen}>
              {(recordings.get(number) ?? []).filter(isIn).map((one) => (
                <span key={one.from} style={block(one)} title={`${timeOfDay(one.from)} – ${timeOfDay(one.to)}`} />
              ))}
            </div>
          ))}
          {alarms
            .filter(({ time }) => isIn({ from: Date.parse(time), to: Date.parse(time) + 1 }))
            .map((alarm) => (
              <i
                key={alarm.id}
                className={classes.alarmTick}
                style={{ left: left(Date.parse(alarm.time)) }}
                title={`${alarmTitle(alarm)}, ${timeOfDay(Date.parse(alarm.time))}`}
              />
            ))}
          {marked && isIn(marked) && <div className={classes.marked} style={block(marked)} />}
          {over !== undefined && over >= view.from && over <= view.to && (
            <div
              className={classes.pointer}
              style={{ left: left(over) }}
              data-late={percentOf(view, over) > 50}
              aria-hidden
            >
              <span>
                {timeOfDay(over)}
                {here !== undefined && recordingAt(here, over) === undefined && ', nothing recorded'}
              </span>
            </div>
          )}
          {at >= view.from && at <= view.to && <div className={classes.cursor} style={{ left: left(at) }} />}
        </div>
      </div>
      <div className={classes.ticks} aria-hidden>
        {ticks
          .filter((tick) => percentOf(view, tick) < 100 - (LABEL / width) * 100)
          .map((tick) => (
            <span key={tick} style={{ left: left(tick) }}>
              {tickTime(tick)}
            </span>
          ))}
      </div>
    </section>
  );
}

const tickTime = format({ hour: 'numeric', minute: '2-digit' });

function Summary({ recordings }: { recordings: readonly Stretch[] | undefined }) {
  if (recordings === undefined) return <span className={classes.dim}>Looking for recordings…</span>;
  if (recordings.length === 0) return <span className={classes.dim}>Nothing recorded on this day.</span>;
  const gaps = gapsOf(recordings);
  const longest = gaps.reduce((most, { from, to }) => Math.max(most, to - from), 0);
  return (
    <span className={classes.dim}>
      {span(recordedMs(recordings) / 1000)} recorded
      {gaps.length > 0 ? `, ${count(gaps.length, 'gap')}, the longest ${span(longest / 1000)}` : ', without a gap'}
    </span>
  );
}

/** Chosen by hand, else what shows all there is when the day's recordings have come. What comes later changes nothing. */
function useZoom(day: Stretch, recordings: Props['recordings']): [Zoom, (zoom: Zoom) => void] {
  const [zoom, setZoom] = useState<{ readonly day: number; readonly zoom: Zoom }>();
  if (zoom?.day !== day.from && recordings.size > 0) {
    const fitting = fittingZoom([...recordings.values()].flatMap((list) => list ?? []));
    setZoom({ day: day.from, zoom: fitting });
  }
  return [zoom?.zoom ?? 'day', (next) => setZoom({ day: day.from, zoom: next })];
}

/** Of an element in CSS pixels. */
function useWidth(element: React.RefObject<HTMLElement | null>): number {
  const [width, setWidth] = useState(480);
  useEffect(() => {
    if (!element.current) return undefined;
    const observer = new ResizeObserver(([entry]) => entry && setWidth(entry.contentRect.width));
    observer.observe(element.current);
    return () => observer.disconnect();
  }, [element]);
  return width;
}

/** The part of the day on show; it moves on only when the moment nears its edge. */
function useView(day: Stretch, zoom: Zoom, at: number): Stretch {
  const [view, setView] = useState(() => viewAround(day, zoom, at));
  const next = viewAround(day, zoom, at, view);
  if (next.from !== view.from || next.to !== view.to) {
    setView(next);
    return next;
  }
  return view;
}
