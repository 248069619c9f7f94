/** What the worker that removes a video is told. */
import { z } from 'zod';
import { videoId } from './video.ts';

export const removal = z.object({
  videoId,
  /** `remove` does all of it; `sweep` looks once more for objects, after the last encoder has ended. */
  step: z.enum(['remove', 'sweep']),
});
export type Removal = z.infer<typeof removal>;
