/** One figure, day by day. */
import { NativeSelect } from '@mantine/core';
import { useState } from 'react';
import type { Figures } from '../../../lib/contract/insight-api.ts';
import { Figure } from './Figure.tsx';
import { Plot } from './Plot.tsx';
import { daysBetween, type Range } from './range.ts';
import { someOf, ticksTo } from './scale.ts';
import { daysSheet } from './sheet.ts';
import { dayName, MEASURES, saidOf, shortDay } from './words.ts';
import classes from './insight.module.css';

interface Props {
  readonly range: Range;
  /** Those on which somebody watched. */
  readonly days: readonly (Figures & { readonly day: string })[];
  readonly file: string;
}

/** Of the room of a column, what it takes. */
const WIDE = 0.7;

export function Days({ range, days, file }: Props) {
  const [chosen, choose] = useState<string>(MEASURES[0]!.figure);
  const measure = MEASURES.find(({ figure }) => figure === chosen)!;
  const all = daysBetween(range);
  const of = new Map(days.map((one) => [one.day, one]));
  const valueAt = (at: number) => of.get(all[at]!)?.[measure.figure] ?? 0;
  const ticks = ticksTo(Math.max(0, ...all.map((_, at) => valueAt(at))), measure.isCount ? 1 : 0.001);
  const top = ticks.at(-1)!;
  const describe = (at: number) => {
    const figures = of.get(all[at]!);
    return `${dayName(all[at]!)}: ${figures === undefined ? 'nobody watched' : `${measure.title} ${saidOf(measure, figures)}`}`;
  };
  return (
    <Figure
      title="Day by day"
      file={file}
      sheet={daysSheet(days)}
      nothing="Nobody watched."
      beside={
        <NativeSelect
          size="xs"
          aria-label="Figure"
          className={classes.measure ?? ''}
          data={MEASURES.map(({ figure, title }) => ({ value: figure, label: title }))}
          value={chosen}
          onChange={({ currentTarget }) => choose(currentTarget.value)}
        />
      }
    >
      <Plot
        label={`Day, ${measure.title}`}
        length={all.length}
        ticks={ticks}
        say={measure.say}
        marks={someOf(all.length).map((at) => ({ at: at + 0.5, text: shortDay(all[at]!) }))}
        describe={describe}
      >
        {all.map((day, at) => {
          const height = (100 * valueAt(at)) / top;
          return (
            <rect
              key={day}
              className={classes.column}
              x={at + (1 - WIDE) / 2}
              y={100 - height}
              width={WIDE}
              height={height}
            />
          );
        })}
      </Plot>
    </Figure>
  );
}
