/** Raster tiles out of one PMTiles file of the deployment's own: its directory is read first, then tile after tile by ranges. */
import { GridLayer, type Coords, type DoneCallback, type GridLayerOptions } from 'leaflet';
import { PMTiles, type Header } from 'pmtiles';
import { pictureType, reaches, zooms } from './archive-header.ts';
import { NoTiles } from './no-tiles.ts';

/** Throws `NoTiles` where the file cannot be fetched, is none, or holds something else than pictures. */
export async function archiveLayer(path: string, options: GridLayerOptions): Promise<GridLayer> {
  const archive = new PMTiles(new URL(path, location.origin).href);
  const header = await archive.getHeader().catch((cause: unknown) => {
    throw new NoTiles(`The map's tiles could not be read from ${path}.`, { cause });
  });
  return new ArchiveLayer(archive, header, pictureType(path, header), { ...options, ...zooms(header) });
}

class ArchiveLayer extends GridLayer {
  readonly #archive: PMTiles;
  readonly #header: Header;
  readonly #type: string;
  readonly #asked = new Map<HTMLElement, AbortController>();

  constructor(archive: PMTiles, header: Header, type: string, options: GridLayerOptions) {
    super(options);
    this.#archive = archive;
    this.#header = header;
    this.#type = type;
    this.on('tileunload', ({ tile }) => {
      this.#asked.get(tile)?.abort();
      this.#asked.delete(tile);
    });
  }

  override createTile(at: Coords, done: DoneCallback): HTMLElement {
    const image = document.createElement('img');
    image.alt = '';
    const asked = new AbortController();
    this.#asked.set(image, asked);
    void this.#load(at, image, asked.signal, done);
    return image;
  }

  async #load(at: Coords, image: HTMLImageElement, signal: AbortSignal, done: DoneCallback): Promise<void> {
    let error: Error | undefined;
    try {
      await this.#fetch(at, image, signal);
    } catch (cause) {
      error = cause instanceof Error ? cause : new Error(String(cause));
    }
    // Nobody waits for one that has left the map.
    if (!signal.aborted) done(error, image);
  }

  async #fetch(at: Coords, image: HTMLImageElement, signal: AbortSignal): Promise<void> {
    // A place of which it has no tile: the ground shows.
    if (!reaches(this.#header, at)) return;
    const found = await this.#archive.getZxy(at.z, at.x, at.y, signal);
    if (found === undefined || signal.aborted) return;
    const url = URL.createObjectURL(new Blob([found.data], { type: this.#type }));
    try {
      image.src = url;
      await image.decode();
    } finally {
      URL.revokeObjectURL(url);
    }
  }
}
