/** What stands in the paths of several stages' routes. */
import { z } from 'zod';
import { line } from './text.ts';
import { videoId } from './video.ts';

export const idParam = z.object({ id: videoId });
export const subject = line(255).meta({ description: 'The viewer (`sub` of their token).' });
