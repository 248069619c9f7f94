/** Initialization sections (RFC 8216bis 3.1.2) of tracks that are copied: one track each, without what files say of times. */
import { box } from '../../lib/media/build.ts';
import { aacEntry, initSection, visualEntry } from '../../lib/media/init-section.ts';
import type { CopiedSound, CopiedVideo } from './copy.ts';

const TRACK = 1;

export function videoInit({ avcC, width, height }: CopiedVideo, timescale: number): Buffer {
  const entry = visualEntry('avc1', width, height, box('avcC', avcC));
  return initSection('cmfc', timescale, [{ id: TRACK, timescale, shown: { width, height }, entry }]);
}

export function soundInit({ config, channels, sampleRate }: CopiedSound): Buffer {
  const entry = aacEntry(channels, sampleRate, config, TRACK);
  return initSection('cmfc', sampleRate, [{ id: TRACK, timescale: sampleRate, entry }]);
}
