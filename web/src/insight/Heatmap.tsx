/** Which seconds of a video were watched, and which again. */
import type { VideoInsight } from '../../../lib/contract/insight-api.ts';
import { clock, count } from '../shared/format.ts';
import { Figure } from './Figure.tsx';
import { Plot } from './Plot.tsx';
import { outline, ticksTo, timesTo } from './scale.ts';
import { heatSheet } from './sheet.ts';
import { whole } from './words.ts';
import classes from './insight.module.css';

interface Props {
  readonly heatmap: VideoInsight['heatmap'];
  /** Of the video, seconds. */
  readonly duration: number;
  readonly file: string;
}

export function Heatmap({ heatmap, duration, file }: Props) {
  const { step, watched, again } = heatmap;
  const ticks = ticksTo(Math.max(0, ...watched), 1);
  const top = ticks.at(-1)!;
  const isWatched = watched.some((times) => times > 0);
  const describe = (at: number) =>
    `${clock(at * step)}: shown ${count(watched[at] ?? 0, 'time')}, ${whole(again[at] ?? 0)} of them again`;
  return (
    <Figure
      title="Which seconds were watched, ever"
      file={file}
      sheet={isWatched ? heatSheet(heatmap) : { ...heatSheet(heatmap), rows: [] }}
      nothing="None yet."
      beside={
        isWatched && (
          <span className={classes.legend} aria-hidden>
            <span data-line="watched">shown</span>
            <span data-line="again">of that again</span>
          </span>
        )
      }
    >
      <Plot
        label="Moment of the video"
        length={watched.length}
        ticks={ticks}
        say={whole}
        marks={timesTo(duration).map((time) => ({ at: time / step, text: clock(time) }))}
        describe={describe}
      >
        <path className={classes.area} d={outline(watched, top, true)} />
        <path className={classes.line} d={outline(watched, top, false)} />
        <path className={classes.again} d={outline(again, top, false)} />
      </Plot>
    </Figure>
  );
}
