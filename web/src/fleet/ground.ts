/** Land, water and borders under everything else on a map, drawn tile by tile so that no task is a long one. */
import { GridLayer, type Coords, type DoneCallback } from 'leaflet';
import { lookNow, type Look } from './look.ts';
import { TILE } from './mercator.ts';
import type { Detail } from './outlines.ts';
import { cut, isSeam, meets, type Box, type Shape } from './shapes.ts';

/** Zoom from which the coarse outlines are seen to be. */
export const FINE_FROM = 4;
/** ms of drawing after which other work has its turn. */
const SLICE = 10;
/** Pixels around a tile that are drawn with it, so that a line along its side is whole. */
const MARGIN = 4;

interface Tile {
  readonly canvas: HTMLCanvasElement;
  readonly at: Coords;
  /** Until it was drawn for the first time. */
  done: DoneCallback | undefined;
}

export class Ground extends GridLayer {
  readonly #shapes: Partial<Record<Detail, readonly Shape[]>> = {};
  readonly #tiles = new Map<HTMLElement, Tile>();
  readonly #queue = new Set<Tile>();
  #timer: ReturnType<typeof setTimeout> | undefined;

  constructor(pane: string) {
    super({ pane, tileSize: TILE, updateWhenZooming: false });
    this.on('tileunload', ({ tile }) => this.#forget(tile));
  }

  override createTile(at: Coords, done: DoneCallback): HTMLElement {
    const canvas = document.createElement('canvas');
    const tile = { canvas, at, done };
    this.#tiles.set(canvas, tile);
    this.#want(tile);
    return canvas;
  }

  /** Draws with these from now on, in place of coarser ones. */
  show(detail: Detail, shapes: readonly Shape[]): void {
    this.#shapes[detail] = shapes;
    this.repaint();
  }

  /** In the colours of this moment. */
  repaint(): void {
    for (const tile of this.#tiles.values()) this.#want(tile);
  }

  override onRemove(map: Parameters<GridLayer['onRemove']>[0]): this {
    clearTimeout(this.#timer);
    this.#queue.clear();
    return super.onRemove(map);
  }

  #forget(element: HTMLElement): void {
    const tile = this.#tiles.get(element);
    if (tile) this.#queue.delete(tile);
    this.#tiles.delete(element);
  }

  #want(tile: Tile): void {
    if (this.#of(tile) === undefined) return;
    this.#queue.add(tile);
    this.#timer ??= setTimeout(() => this.#draw());
  }

  #of({ at }: Tile): readonly Shape[] | undefined {
    return (at.z >= FINE_FROM ? this.#shapes.fine : undefined) ?? this.#shapes.coarse;
  }

  #draw(): void {
    this.#timer = undefined;
    const look = lookNow();
    const since = performance.now();
    for (const tile of this.#queue) {
      if (performance.now() - since >= SLICE) {
        this.#timer = setTimeout(() => this.#draw());
        return;
      }
      this.#queue.delete(tile);
      drawTile(tile.canvas, tile.at, this.#of(tile) ?? [], look);
      tile.done?.(undefined, tile.canvas);
      tile.done = undefined;
    }
  }
}

function drawTile(canvas: HTMLCanvasElement, at: Coords, shapes: readonly Shape[], { colours }: Look): void {
  const pixels = Math.round(TILE * Math.min(2, devicePixelRatio));
  [canvas.width, canvas.height] = [pixels, pixels];
  const context = canvas.getContext('2d')!;
  context.scale(pixels / TILE, pixels / TILE);
  context.fillStyle = colours.water;
  context.fillRect(0, 0, TILE, TILE);
  context.fillStyle = colours.land;
  context.strokeStyle = colours.border;
  context.lineJoin = 'round';
  const [side, margin] = [2 ** at.z, MARGIN / TILE];
  const box: Box = [
    (at.x - margin) / side,
    (at.y - margin) / side,
    (at.x + 1 + margin) / side,
    (at.y + 1 + margin) / side,
  ];
  for (const shape of shapes) {
    if (!meets(shape.box, box)) continue;
    const [area, line] = [new Path2D(), new Path2D()];
    for (const ring of shape.rings) trace(cut(ring, box), { at, side }, area, line);
    context.fill(area, 'evenodd');
    context.stroke(line);
  }
}

/** The closed line as an area to fill, and the part of it that is a coast or a border. */
function trace(
  points: ArrayLike<number>,
  { at, side }: { readonly at: Coords; readonly side: number },
  area: Path2D,
  line: Path2D,
): void {
  const last = points.length - 2;
  if (last < 4) return;
  const across = (i: number) => (points[i]! * side - at.x) * TILE;
  const down = (i: number) => (points[i + 1]! * side - at.y) * TILE;
  line.moveTo(across(last), down(last));
  for (let i = 0; i <= last; i += 2) {
    const before = i === 0 ? last : i - 2;
    const [x, y] = [across(i), down(i)];
    if (i === 0) area.moveTo(x, y);
    else area.lineTo(x, y);
    if (isSeam(points[before + 1]!, points[i + 1]!)) line.moveTo(x, y);
    else line.lineTo(x, y);
  }
  area.closePath();
}
