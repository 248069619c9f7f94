/** Signs of the states: each its own shape, so that colour is not what tells them apart. Paths in a box of 24 by 24. */
import type { DeviceState } from './words.ts';

const RING = 'M12 3a9 9 0 1 0 0 18a9 9 0 1 0 0-18Z';

export const marks: Readonly<Record<DeviceState, string>> = {
  /** An arrow; on the map it points where the vehicle goes. */
  moving: 'M12 2 20 21 12 16.5 4 21Z',
  /** A disc with a square in it. */
  standing: `${RING}M8.5 8.5h7v7h-7Z`,
  /** A triangle with an exclamation mark. */
  alarm: 'M12 2 23 21.5H1ZM10.8 9h2.4v6h-2.4ZM10.8 16.6h2.4V19h-2.4Z',
  /** A ring. */
  offline: `${RING}M12 6.4a5.6 5.6 0 1 0 0 11.2a5.6 5.6 0 1 0 0-11.2Z`,
  /** A thin ring. */
  never: `${RING}M12 4.8a7.2 7.2 0 1 0 0 14.4a7.2 7.2 0 1 0 0-14.4Z`,
};

/** CSS variables of the console's own colours. */
export const markColours: Readonly<Record<DeviceState, string>> = {
  moving: '--good',
  standing: '--accent',
  alarm: '--bad',
  offline: '--mantine-color-dimmed',
  never: '--mantine-color-dimmed',
};

/** Side of a sign on the map in CSS pixels, with room for its halo. */
export const MARK_SIZE = 26;

/** A sign as a picture for the map, twice as dense as it is shown. */
export function drawMark(state: DeviceState, colour: string, halo: string): HTMLCanvasElement {
  const side = MARK_SIZE * 2;
  const canvas = document.createElement('canvas');
  [canvas.width, canvas.height] = [side, side];
  const context = canvas.getContext('2d')!;
  const path = new Path2D(marks[state]);
  context.translate(6, 6);
  context.scale((side - 12) / 24, (side - 12) / 24);
  context.lineJoin = 'round';
  context.lineWidth = 4;
  context.strokeStyle = halo;
  context.stroke(path);
  // What is cut out of a sign shows the halo's colour.
  context.fillStyle = halo;
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- a canvas, no array
  context.fill(path);
  context.fillStyle = colour;
  // oxlint-disable-next-line unicorn/no-array-fill-with-reference-type -- a canvas, no array
  context.fill(path, 'evenodd');
  return canvas;
}
