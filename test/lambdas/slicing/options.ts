/** What tests of slicing slice with. */
import type { SlicingOptions } from '../../../lib/contract/slicing.ts';

export const VIDEO_ID = 'abcdefghij0123456789';

export const OPTIONS: SlicingOptions = {
  segmentSeconds: 2,
  segmentType: 'fmp4',
  encryption: 'none',
  keySegments: 50,
  chunkSeconds: 6,
  ladder: [180, 90],
  // What is copied has tests of its own.
  copyMaxMbps: 0,
  ladderWhen: 'upload',
  audioKbps: 64,
  maxDurationHours: 24,
  maxDimension: 8192,
  storageMiB: 1024,
};
