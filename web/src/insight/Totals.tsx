/** The figures of all chosen days together, and what the score is made of. */
import { SCORE, scoreParts } from '../../../lib/contract/insight.ts';
import type { Figures } from '../../../lib/contract/insight-api.ts';
import { MEASURES, percent, saidOf, seconds } from './words.ts';
import classes from './insight.module.css';

export function Totals({ totals }: { totals: Figures }) {
  return (
    <dl className={classes.totals}>
      {MEASURES.map((measure) => (
        <div key={measure.figure}>
          <dt>{measure.title}</dt>
          <dd>{saidOf(measure, totals)}</dd>
        </div>
      ))}
    </dl>
  );
}

export const Explained = () => (
  <details className={classes.explained}>
    <summary>What these figures are</summary>
    <ul>
      {MEASURES.map(({ figure, title, hint }) => (
        <li key={figure}>
          <strong>{title}</strong>: {hint}.
        </li>
      ))}
    </ul>
  </details>
);

const points = (part: number): string => String(Math.round(part * 10) / 10);

/** By its published formula: docs/insight.md. */
export function Score({ totals }: { totals: Figures }) {
  const parts = scoreParts(totals);
  const { startupSeconds, stallRatio, failed, plays, score } = totals;
  const { startup, stalls, errors } = SCORE;
  return (
    <section className={classes.figure} aria-labelledby="score">
      <h2 id="score">{score === null ? 'Score' : `Score ${score} of 100`}</h2>
      {parts === null ? (
        <p className={classes.dim}>There is one when somebody has watched.</p>
      ) : (
        <dl className={classes.score}>
          <Part
            name="Beginning"
            points={parts.startup}
            worth={startup.worth}
            says={
              startupSeconds === null
                ? 'No player told how long it took to the first picture.'
                : `${seconds(startupSeconds)} to the first picture, on average.`
            }
            rule={`All of it up to ${seconds(startup.good)}, nothing from ${seconds(startup.bad)} on.`}
          />
          <Part
            name="Playing"
            points={parts.stalls}
            worth={stalls.worth}
            says={stallRatio === null ? 'Nothing was played.' : `Stalled ${percent(stallRatio)} of the time.`}
            rule={`All of it at 0 %, nothing from ${percent(stalls.bad)} on.`}
          />
          <Part
            name="Errors"
            points={parts.errors}
            worth={errors.worth}
            says={`An error ended ${percent(failed / plays)} of the sessions.`}
            rule={`All of it at 0 %, nothing from ${percent(errors.bad)} on.`}
          />
        </dl>
      )}
      <p className={classes.dim}>In between straight. What people bear differs: compare a video with itself.</p>
    </section>
  );
}

interface PartProps {
  readonly name: string;
  readonly points: number;
  readonly worth: number;
  readonly says: string;
  readonly rule: string;
}

function Part({ name, points: has, worth, says, rule }: PartProps) {
  return (
    <div>
      <dt>
        {name}
        <span>
          {points(has)} of {worth}
        </span>
      </dt>
      <dd>
        <span aria-hidden className={classes.bar}>
          <span style={{ width: `${(100 * has) / worth}%` }} />
        </span>
        {says} <span className={classes.dim}>{rule}</span>
      </dd>
    </div>
  );
}
