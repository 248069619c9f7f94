/** A sheet over a map that is drawn anew whenever the map moves: what is on it follows without a moment's delay. */
import { DomUtil, Layer, type Map as LeafletMap, type ZoomAnimEvent } from 'leaflet';
import { lookNow, type Look } from './look.ts';
import { TILE, turns, worldX, worldY } from './mercator.ts';

/** What a sheet is drawn with. Pixels are the map's, from its upper left corner. */
export interface Brush {
  readonly context: CanvasRenderingContext2D;
  readonly look: Look;
  readonly zoom: number;
  /** West, south, east, north of what is in view; beyond 180° where the map goes round the earth. */
  readonly box: readonly [west: number, south: number, east: number, north: number];
  /** What is added to a longitude to come to each picture of it in view. */
  readonly turns: readonly number[];
  readonly place: (lon: number, lat: number) => readonly [x: number, y: number];
}

export class Sheet extends Layer {
  readonly #paint: (brush: Brush) => void;
  readonly #pane: string;
  readonly #canvas = document.createElement('canvas');
  #map: LeafletMap | undefined;
  #frame: number | undefined;

  constructor(paint: (brush: Brush) => void, pane = 'overlayPane') {
    super();
    this.#paint = paint;
    this.#pane = pane;
    this.#canvas.className = 'leaflet-zoom-animated';
    this.#canvas.style.pointerEvents = 'none';
  }

  override onAdd(map: LeafletMap): this {
    this.#map = map;
    map.getPane(this.#pane)!.append(this.#canvas);
    this.#draw();
    return this;
  }

  override onRemove(): this {
    if (this.#frame !== undefined) cancelAnimationFrame(this.#frame);
    this.#canvas.remove();
    this.#map = undefined;
    return this;
  }

  override getEvents() {
    const draw = () => this.#draw();
    const follow = (event: unknown) => this.#follow(event as ZoomAnimEvent);
    return { move: draw, zoom: draw, viewreset: draw, resize: draw, zoomanim: follow };
  }

  /** What it shows has changed: it is drawn with the next picture of the screen. */
  repaint(): void {
    this.#frame ??= requestAnimationFrame(() => this.#draw());
  }

  #draw(): void {
    this.#frame = undefined;
    const map = this.#map;
    if (map === undefined) return;
    const canvas = this.#canvas;
    const { x: width, y: height } = map.getSize();
    const dense = Math.min(2, devicePixelRatio);
    const [across, down] = [Math.round(width * dense), Math.round(height * dense)];
    if (canvas.width !== across || canvas.height !== down) {
      [canvas.width, canvas.height] = [across, down];
      [canvas.style.width, canvas.style.height] = [`${width}px`, `${height}px`];
    }
    DomUtil.setTransform(canvas, map.containerPointToLayerPoint([0, 0]), 1);
    const context = canvas.getContext('2d')!;
    context.setTransform(dense, 0, 0, dense, 0, 0);
    context.clearRect(0, 0, width, height);
    const [zoom, { min }] = [map.getZoom(), map.getPixelBounds()];
    const side = TILE * 2 ** zoom;
    const bounds = map.getBounds();
    const [west, east] = [bounds.getWest(), bounds.getEast()];
    this.#paint({
      context,
      look: lookNow(),
      zoom,
      box: [west, bounds.getSouth(), east, bounds.getNorth()],
      turns: turns(west, east),
      place: (lon, lat) => [worldX(lon) * side - min!.x, worldY(lat) * side - min!.y],
    });
  }

  /** Grows with the tiles while the map goes to another zoom; there it is drawn anew. */
  #follow({ center, zoom }: ZoomAnimEvent): void {
    const map = this.#map!;
    const origin = map
      .project(center, zoom)
      .subtract(map.getSize().divideBy(2))
      .add(DomUtil.getPosition(map.getPane('mapPane')!))
      .round();
    const corner = map.project(map.containerPointToLatLng([0, 0]), zoom).subtract(origin);
    DomUtil.setTransform(this.#canvas, corner, map.getZoomScale(zoom));
  }
}
