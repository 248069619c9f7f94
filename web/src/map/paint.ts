/** Devices and clusters on a sheet. */
import { mark, words } from '../fleet/brush.ts';
import { MARK_SIZE } from '../fleet/marks.ts';
import type { Brush } from '../fleet/sheet.ts';
import { radiusOf, rooms, type Shown } from './clusters.ts';

/** Where on the map something can be clicked; pixels. */
export interface Target {
  readonly x: number;
  readonly y: number;
  readonly radius: number;
  readonly shown: Shown;
}

/** Pixels of a name's letters, and from its sign down to its middle. */
const NAME = { size: 12, below: 22 };

/** What there is to click. A name is written where it covers no sign and no other name. */
export function paintFleet(brush: Brush, all: readonly Shown[], chosen: string | undefined): Target[] {
  const targets = all.flatMap((shown) => {
    const radius = shown.kind === 'cluster' ? radiusOf(shown.count) : MARK_SIZE / 2;
    return brush.turns.map((turn): Target => {
      const [x, y] = brush.place(shown.lon + turn, shown.lat);
      return { x, y, radius, shown };
    });
  });
  const isFree = rooms();
  for (const { x, y, radius } of targets) {
    isFree({ left: x - radius, top: y - radius, right: x + radius, bottom: y + radius });
  }
  for (const target of targets) {
    const { shown } = target;
    if (shown.kind === 'cluster') paintCluster(brush, target, shown);
    else {
      if (shown.device.id === chosen) paintRing(brush, target);
      mark(brush, shown.device.state, [target.x, target.y], 1, shown.device.turn);
    }
  }
  for (const { x, y, shown } of targets) {
    if (shown.kind === 'cluster') continue;
    const { name: text } = shown.device;
    brush.context.font = `${NAME.size}px ${brush.look.font}`;
    const half = brush.context.measureText(text).width / 2;
    const middle = y + NAME.below;
    if (!isFree({ left: x - half, top: middle - 7, right: x + half, bottom: middle + 7 })) continue;
    words(brush, { text, x, y: middle, size: NAME.size, colour: brush.look.colours.text });
  }
  return targets;
}

type Cluster = Extract<Shown, { kind: 'cluster' }>;

function paintCluster({ context, look }: Brush, { x, y, radius }: Target, { text, isAlarm }: Cluster): void {
  context.beginPath();
  context.arc(x, y, radius, 0, 2 * Math.PI);
  context.fillStyle = look.colours.surface;
  context.fill();
  context.lineWidth = isAlarm ? 4 : 2;
  context.strokeStyle = isAlarm ? look.colours.bad : look.colours.accent;
  context.stroke();
  context.font = `13px ${look.font}`;
  [context.textAlign, context.textBaseline] = ['center', 'middle'];
  context.fillStyle = look.colours.text;
  context.fillText(text, x, y);
}

function paintRing({ context, look }: Brush, { x, y }: Target): void {
  context.beginPath();
  context.arc(x, y, 19, 0, 2 * Math.PI);
  context.fillStyle = look.colours.accent;
  context.strokeStyle = look.colours.accent;
  context.lineWidth = 2;
  context.save();
  context.globalAlpha = 0.22;
  context.fill();
  context.restore();
  context.stroke();
}
