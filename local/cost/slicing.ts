/** What slicing one video of a load uses, by the planner and the estimate that the functions themselves have. Pure. */
import { planFilm } from '../../bench/slicing/plan-film.ts';
import { bytesOf, film } from '../../bench/slicing/synthetic.ts';
import { estimateUsage, mediaBytes } from '../../lambdas/slicing/estimate.ts';
import { addUsage } from '../../lambdas/slicing/prices.ts';
import type { Config } from '../../lib/config.ts';
import { costOptions, type Usage } from '../../lib/contract/cost.ts';
import { parseLoad, type Load } from './load.ts';

export interface Sliced {
  readonly used: Usage;
  readonly bytes: { readonly source: number; readonly media: number };
}

/**
 * The average video: its rungs made at once, or with `slicing.ladderWhen` `first-play` those of the share that somebody plays.
 * The top rung is copied where the options let it be.
 */
export function slicingOf(load: Load, config: Config): Sliced {
  const source = film(load.minutes * 60, { bitrate: load['source-mbps'] * 1e6 });
  const copied = load['source-mbps'] <= config.slicing.copyMaxMbps;
  const machine = costOptions.parse(config.slicing);
  const of = (ladder: 'upload' | 'first-play') => {
    const { plan, chunks } = planFilm(source, copied, ladder, config);
    const engine = machine.engine === 'mediaconvert' ? 'mediaconvert' : 'encode';
    const work = { ...plan, engine, chunks } as const;
    return { used: estimateUsage(work, machine), media: mediaBytes(work) };
  };
  const whole = of('upload');
  if (config.slicing.ladderWhen === 'upload')
    return { used: whole.used, bytes: { source: bytesOf(source), media: whole.media } };
  const first = of('first-play');
  const played = load['played-share'];
  return {
    used: addUsage([scaled(first.used, 1 - played), scaled(whole.used, played)]),
    bytes: { source: bytesOf(source), media: first.media * (1 - played) + whole.media * played },
  };
}

/** A short video of a camera, of which requests and writes were counted: what is left is what its functions run, and its steps. */
export function ofCamera(
  seconds: number,
  mbps: number,
  config: Config,
): Pick<Usage, 'gbSeconds' | 'transitions' | 'invocations'> {
  const { used } = slicingOf(parseLoad({ minutes: seconds / 60, 'source-mbps': mbps }), config);
  return { gbSeconds: used.gbSeconds, transitions: used.transitions, invocations: used.invocations };
}

const scaled = (used: Usage, by: number): Usage =>
  Object.fromEntries(Object.entries(used).map(([name, value]) => [name, value * by])) as Usage;
