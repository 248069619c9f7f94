/** A field with two axes, and a cursor that says what stands under it: by pointer, finger and keyboard. */
import { useState, type ReactNode } from 'react';
import classes from './insight.module.css';

interface Props {
  readonly label: string;
  /** Columns of the field, each one unit wide. */
  readonly length: number;
  /** Values that its height names, from 0 to the top. */
  readonly ticks: readonly number[];
  readonly say: (value: number) => string;
  /** Columns that its width names. */
  readonly marks: readonly { readonly at: number; readonly text: string }[];
  /** Words of one column. */
  readonly describe: (at: number) => string;
  /** Shapes in a field of `length` by 100. */
  readonly children: ReactNode;
}

export function Plot({ label, length, ticks, say, marks, describe, children }: Props) {
  const [asked, setAsked] = useState<number>();
  const at = asked === undefined ? undefined : Math.min(asked, length - 1);
  const top = ticks.at(-1)!;
  return (
    <div className={classes.plot}>
      <div className={classes.scale} aria-hidden>
        {ticks.map((tick) => (
          <span key={tick} style={{ bottom: `${(100 * tick) / top}%` }}>
            {say(tick)}
          </span>
        ))}
      </div>
      <div className={classes.field}>
        <svg viewBox={`0 0 ${length} 100`} preserveAspectRatio="none" aria-hidden>
          {ticks.map((tick) => (
            <path key={tick} className={classes.rule} d={`M0 ${100 - (100 * tick) / top}H${length}`} />
          ))}
          {children}
          {at !== undefined && <path className={classes.cursor} d={`M${at + 0.5} 0V100`} />}
        </svg>
        <input
          type="range"
          min={0}
          max={length - 1}
          value={at ?? 0}
          aria-label={label}
          aria-valuetext={describe(at ?? 0)}
          onFocus={() => setAsked((before) => before ?? 0)}
          onChange={({ currentTarget }) => setAsked(currentTarget.valueAsNumber)}
          onPointerMove={({ currentTarget, clientX }) => {
            const { left, width } = currentTarget.getBoundingClientRect();
            setAsked(Math.max(0, Math.min(length - 1, Math.floor(((clientX - left) / width) * length))));
          }}
        />
      </div>
      <div className={classes.marks} aria-hidden>
        {marks.map((mark) => (
          <span key={mark.at} style={{ left: `${(100 * mark.at) / length}%` }}>
            {mark.text}
          </span>
        ))}
      </div>
      <p className={classes.readout} aria-hidden>
        {at === undefined ? '' : describe(at)}
      </p>
    </div>
  );
}
