import type { Cost } from '../../../lib/contract/cost.ts';
import { dollars } from '../shared/format.ts';
import classes from './video.module.css';

const engines: Record<Cost['engine'], string> = { encode: 'Slicing', mediaconvert: 'Slicing by MediaConvert' };

/** What slicing was to cost beside what it did, and what keeping the video does, for its owner and admins. */
export function CostSection({ cost: { engine, estimate, actual, monthly, priced } }: { cost: Cost }) {
  const rows: [string, string][] = [
    [`${engines[engine]}, estimated`, dollars(estimate)],
    [`${engines[engine]}, measured`, actual === null ? 'not known yet' : dollars(actual)],
    ['Storage', `${dollars(monthly)} a month${actual === null ? ', expected' : ''}`],
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
      <p className={classes.dim}>List prices of us-east-1 of {priced}, without playback.</p>
    </section>
  );
}
