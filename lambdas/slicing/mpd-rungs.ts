/** Rungs that are made later stand in the MPD as if they had been there from the first. Pure: reads what mpd.ts writes. */
import type { Plan } from '../../lib/contract/plan.ts';
import { idOf, mpd } from './mpd.ts';
import type { MergedRendition } from './playlists.ts';

/** One set of alternatives in the text of an MPD: what comes before its representations, and each of these. */
interface RungSet {
  readonly head: string[];
  /** Where its segments are, for all of its representations. */
  readonly shared: string[];
  readonly representations: readonly { readonly id: string; readonly lines: string[] }[];
}

/**
 * An MPD that `mpd` wrote, with these rungs among those that it has, in the plan's order; again makes no difference. Undefined
 * where it has no rungs to add to.
 */
export function withRungs(text: string, added: readonly MergedRendition[], plan: Plan): string | undefined {
  const more = mpd(added, plan);
  const [there, new_] = [text, more ?? ''].map((one) => rungSet(one));
  if (!there || !new_) return undefined;
  const isShared = there.set.shared.join() === new_.set.shared.join();
  const own = ({ shared, representations }: RungSet) =>
    isShared
      ? representations
      : representations.map((one) => ({ ...one, lines: [...open(one.lines), ...shared, END] }));
  const made = new Set(new_.set.representations.map(({ id }) => id));
  const all = [...own(there.set).filter(({ id }) => !made.has(id)), ...own(new_.set)];
  const order = plan.video.map(({ name }) => idOf('video', name));
  const lines = [
    ...there.set.head.map((line) =>
      isShared ? line : line.replace('segmentAlignment="true"', 'segmentAlignment="false"'),
    ),
    ...(isShared ? there.set.shared : []),
    ...all.toSorted((a, b) => order.indexOf(a.id) - order.indexOf(b.id)).flatMap((one) => one.lines),
  ];
  return [...there.before, ...lines, ...there.after].join('\n');
}

const END = '</Representation>';

/** A representation's lines but for its end, so that something can stand in it. */
const open = (lines: readonly string[]): string[] => {
  const [first = '', ...rest] = lines;
  return first.endsWith('/>') ? [`${first.slice(0, -2)}>`] : [first, ...rest.filter((line) => line !== END)];
};

/** The set of rungs of an MPD as it is written here, and the lines around what is in it. */
function rungSet(text: string): { before: string[]; set: RungSet; after: string[] } | undefined {
  const lines = text.split('\n');
  const from = lines.findIndex((line) => line.startsWith('<AdaptationSet contentType="video"'));
  const to = lines.indexOf('</AdaptationSet>', from);
  if (from < 0 || to < 0) return undefined;
  const inside = lines.slice(from, to);
  const first = inside.findIndex((line) => line.startsWith('<Representation '));
  const template = inside.slice(0, first).findIndex((line) => line.startsWith('<SegmentTemplate '));
  const representations: { id: string; lines: string[] }[] = [];
  for (const line of inside.slice(first)) {
    const id = /^<Representation id="([^"]*)"/.exec(line)?.[1];
    if (id === undefined) representations.at(-1)!.lines.push(line);
    else representations.push({ id, lines: [line] });
  }
  const head = inside.slice(0, template < 0 ? first : template);
  const shared = template < 0 ? [] : inside.slice(template, first);
  return { before: lines.slice(0, from), set: { head, shared, representations }, after: lines.slice(to) };
}
