import type { Cost } from '../../../lib/contract/cost.ts';
import type { Video } from '../../../lib/contract/video.ts';
import { dollars } from '../shared/format.ts';
import classes from './video.module.css';

const engines: Record<Cost['engine'], string> = { encode: 'Slicing', mediaconvert: 'Slicing by MediaConvert' };

/** What slicing was to cost beside what it did, and what keeping the video does, for its owner and admins. */
export function CostSection({ cost, video }: { cost: Cost; video: Pick<Video, 'status' | 'later' | 'ladder'> }) {
  const { engine, estimate, actual, monthly, priced } = cost;
  const isOver = video.status === 'failed';
  const isMade = video.later === undefined;
  const soFar = video.ladder?.state === 'making' ? ' so far' : '';
  const rows: [string, string][] = [
    [`${engines[engine]}, estimated`, dollars(estimate)],
    [
      `${engines[engine]}, measured`,
      actual === null ? (isOver ? 'not measured: it failed' : 'known when it is ready') : `${dollars(actual)}${soFar}`,
    ],
    ...(isOver
      ? []
      : ([['Storage', `${dollars(monthly)} a month${actual === null ? ', expected' : ''}`]] satisfies [
          string,
          string,
        ][])),
  ];
  return (
    <section aria-label="Cost">
      <h2>Cost</h2>
      <dl className={classes.pairs}>
        {rows.map(([name, value]) => (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        ))}
      </dl>
      <p className={classes.dim}>
        List prices of us-east-1 of {priced}, without playback
        {isMade || video.ladder?.state === 'making' ? '' : ' and without renditions that are not made yet'}.
      </p>
    </section>
  );
}
