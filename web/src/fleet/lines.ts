/** The lines of latitude and longitude on a sheet, with their degrees at its sides. */
import { words } from './brush.ts';
import { graticule, written } from './graticule.ts';
import type { Brush } from './sheet.ts';

export function lines(brush: Brush): void {
  const { context, look, box, place } = brush;
  const [west, south, east, north] = box;
  const { lons, lats } = graticule(box);
  context.save();
  context.globalAlpha = 0.35;
  context.strokeStyle = look.colours.border;
  context.lineWidth = 1;
  context.beginPath();
  for (const { degrees } of lons) {
    context.moveTo(...place(degrees, north));
    context.lineTo(...place(degrees, south));
  }
  for (const { degrees } of lats) {
    context.moveTo(...place(west, degrees));
    context.lineTo(...place(east, degrees));
  }
  context.stroke();
  context.restore();
  const labels = written(box);
  const part = { size: 10, colour: look.colours.dim };
  for (const { degrees, text } of labels.lons) words(brush, { text, x: place(degrees, north)[0], y: 10, ...part });
  for (const { degrees, text } of labels.lats) words(brush, { text, x: 22, y: place(west, degrees)[1], ...part });
}
