/** Which keyframes of H.264 need nothing before them: every one is looked into while the pictures pass by. */
import type { SampleTable } from '../../lib/media/sample-table.ts';
import { startsAnew, type CopiedVideo } from './copy.ts';

export class FreshKeyframes {
  readonly #video: CopiedVideo;
  readonly #fresh: number[] = [];
  #next = 0;

  constructor(video: CopiedVideo) {
    this.#video = video;
  }

  /** Those of the samples that came since the last time, whose bytes are in this box, which begins at byte `at` of the file. */
  look({ count, offset, size, sync }: SampleTable, mdat: Buffer, at: number): void {
    for (; this.#next < count; this.#next += 1) {
      const from = offset[this.#next]! - at;
      const end = from + size[this.#next]!;
      if (sync[this.#next] === 0 || from < 0 || end > mdat.length) continue;
      if (startsAnew(mdat.subarray(from, end), this.#video)) this.#fresh.push(this.#next);
    }
  }

  /** The table with no other keyframes; undefined where there is none. */
  only(samples: SampleTable): SampleTable | undefined {
    if (this.#fresh[0] === undefined) return undefined;
    const sync = new Uint8Array(samples.count);
    for (const sample of this.#fresh) sync[sample] = 1;
    return { ...samples, sync };
  }
}
