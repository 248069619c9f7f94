/** Insight: what became of what players reported, for who owns a video, and of all for admins. */
import { required } from '../../lib/contract/env.ts';
import type { Counters } from '../../lib/contract/heatmap.ts';
import { MAX_POSITION, videoOfThing, watchedVideo } from '../../lib/contract/player-events.ts';
import { isOwnerOrAdmin } from '../catalog/access.ts';
import { isThere } from '../catalog/listing.ts';
import { ApiError } from '../shared/errors.ts';
import { serve } from '../shared/http.ts';
import { readVideo } from '../shared/videos.ts';
import { isAdmin } from '../shared/viewer.ts';
import { daysOf } from './days.ts';
import { figuresOf, sharesOf, stepped } from './figures.ts';
import { curve } from './heat.ts';
import { readDays, readWhat } from './read.ts';
import { addCounters, noTally, type Tally } from './tally.ts';
import { together } from './viewers.ts';

/** Of an overview. */
const MOST = 50;
/** Milliseconds that rows are read for: the API waits 29 s for an answer. */
const READING = 15_000;

export const handler = serve<'insight'>(required('GROUPS_CLAIM'), {
  'GET /api/videos/{id}/insight': async ({ params: { id }, query: { from, to, step }, viewer }) => {
    const video = await readVideo(id);
    if (video === undefined || !isThere(video, Date.now() / 1000) || !isOwnerOrAdmin(viewer, video))
      throw new ApiError('not-found', 'There is no such video, or it is not yours.');
    const asked = daysOf(from, to, Date.now());
    const [first, last] = [asked[0]!, asked.at(-1)!];
    const until = Date.now() + READING;
    const { counters, viewers, heat, days, isWhole } = await readWhat(watchedVideo(id), first, last, until);
    const seconds = Math.min(MAX_POSITION, Math.ceil(video.duration ?? 0));
    const { watched, again } = curve(heat, seconds);
    return {
      from: first,
      to: last,
      totals: figuresOf(counters, viewers),
      days: [...days].map(([day, of]) => ({ day, ...figuresOf(of.counters, of.viewers) })),
      heatmap: { step, watched: stepped(watched, step), again: stepped(again, step) },
      ...breakdown(counters),
      isWhole,
    };
  },

  'GET /api/insight': async ({ query: { from, to }, viewer }) => {
    if (!isAdmin(viewer)) throw new ApiError('forbidden', 'Only admins see what is watched of everybody.');
    const asked = daysOf(from, to, Date.now());
    const [sum, things] = [noTally(), new Map<string, Tally>()];
    const days: { day: string; of: Tally }[] = [];
    let isWhole = true;
    for await (const { day, of, isWhole: isAll } of readDays(asked, Date.now() + READING)) {
      isWhole &&= isAll;
      const ofDay = noTally();
      for (const [what, one] of of) {
        const thing = things.get(what) ?? noTally();
        things.set(what, thing);
        for (const into of [ofDay, thing]) {
          addCounters(into.counters, one.counters);
          into.viewers = together(into.viewers, one.viewers);
        }
      }
      addCounters(sum.counters, ofDay.counters);
      sum.viewers = together(sum.viewers, ofDay.viewers);
      if (of.size > 0) days.unshift({ day, of: ofDay });
    }
    const most = [...things].toSorted(([, a], [, b]) => b.counters.watched - a.counters.watched).slice(0, MOST);
    return {
      from: asked[0]!,
      to: asked.at(-1)!,
      totals: figuresOf(sum.counters, sum.viewers),
      days: days.map(({ day, of }) => ({ day, ...figuresOf(of.counters, of.viewers) })),
      most: await Promise.all(
        most.map(async ([what, { counters, viewers }]) => ({
          ...(await named(what)),
          ...figuresOf(counters, viewers),
        })),
      ),
      ...breakdown(sum.counters),
      isWhole,
    };
  },
});

async function named(what: string) {
  const video = videoOfThing(what) ?? null;
  if (video !== null) {
    const record = await readVideo(video);
    return { video, device: null, channel: null, title: record === undefined ? null : record.title };
  }
  const [, device = null, channel] = what.split('/');
  return { video, device, channel: Number(channel), title: null };
}

const breakdown = ({ devices, countries, errors, renditions }: Counters) => ({
  devices: sharesOf(devices),
  countries: sharesOf(countries),
  errors: Object.entries(errors).map(([kind, count]) => ({ kind, count })),
  renditions: Object.entries(renditions)
    .map(([name, watchSeconds]) => ({ name, watchSeconds }))
    .toSorted((a, b) => b.watchSeconds - a.watchSeconds),
});
