/** Lines, signs and words on a sheet. */
import { MARK_SIZE } from './marks.ts';
import { turnsOf } from './mercator.ts';
import type { Brush } from './sheet.ts';
import { unrolled, type TrackPoint } from './track.ts';
import type { DeviceState } from './words.ts';

type Place = Pick<TrackPoint, 'lon' | 'lat'>;

/** A track; corners less than a pixel apart are one. */
export function line({ context, box, place, look }: Brush, run: readonly Place[], opacity: number): void {
  if (run.length === 0) return;
  const way = unrolled(run);
  let [from, to] = [Infinity, -Infinity];
  for (const { lon } of way) [from, to] = [Math.min(from, lon), Math.max(to, lon)];
  context.save();
  context.globalAlpha = opacity;
  context.strokeStyle = look.colours.accent;
  context.lineWidth = 4;
  [context.lineJoin, context.lineCap] = ['round', 'round'];
  for (const turn of turnsOf([from, to], [box[0], box[2]])) {
    context.beginPath();
    let last: readonly [number, number] | undefined;
    for (const [i, { lon, lat }] of way.entries()) {
      const [x, y] = place(lon + turn, lat);
      const isNear = last !== undefined && Math.abs(x - last[0]) < 1 && Math.abs(y - last[1]) < 1;
      if (isNear && i < way.length - 1) continue;
      context.lineTo(x, y);
      last = [x, y];
    }
    context.stroke();
  }
  context.restore();
}

/** `turn` in degrees clockwise from north. */
export function mark({ context, look }: Brush, state: DeviceState, at: readonly [number, number], scale = 1, turn = 0) {
  const side = MARK_SIZE * scale;
  context.save();
  context.translate(...at);
  context.rotate((turn * Math.PI) / 180);
  context.drawImage(look.marks[state], -side / 2, -side / 2, side, side);
  context.restore();
}

interface Words {
  readonly text: string;
  /** Pixels of its middle. */
  readonly x: number;
  readonly y: number;
  /** Pixels. */
  readonly size: number;
  readonly colour: string;
}

/** With the ground's colour around the letters, so that they can be read over lines. */
export function words({ context, look }: Brush, { text, x, y, size, colour }: Words): void {
  context.font = `${size}px ${look.font}`;
  [context.textAlign, context.textBaseline] = ['center', 'middle'];
  context.lineJoin = 'round';
  context.lineWidth = 4;
  context.strokeStyle = look.colours.land;
  context.strokeText(text, x, y);
  context.fillStyle = colour;
  context.fillText(text, x, y);
}
