/** Routes of uploads, in one piece and in parts: Uppy's Companion protocol for S3. */
import { z } from 'zod';
import type { Route } from './route.ts';
import { characters, line, mediaType } from './text.ts';
import { videoId } from './video.ts';

/** S3 allows parts 1 … 10,000 (Amazon S3 multipart upload limits). Digits only: `3abc` is not 3. */
const MAX_PARTS = 10_000;
const partNumber = z
  .string()
  .regex(/^[0-9]{1,5}$/, 'must be a whole number from 1 to 10000')
  .transform(Number)
  .refine((n) => n >= 1 && n <= MAX_PARTS, 'must be a whole number from 1 to 10000');

const uploadId = line(1024);
const upload = z.object({ uploadId });
const key = z.object({ key: line(1024) });
const metadata = z.record(z.string().max(100), z.unknown()).optional().meta({
  description:
    'Of it, `name` or `title` becomes the title, `description` the description, `tags` (comma separated) the tags, `visibility` the visibility, `encryption` how its segments are encrypted (without it, as the deployment does it), and `size` (bytes) is checked against the limit before anything is sent. An upload in parts may have an `idempotencyKey`, 16 to 100 characters of its own: begun again with the same, it is the same upload.',
});
const presigned = z.object({ url: z.string(), expires: z.int().meta({ description: 'Seconds the URL stays good.' }) });

export const uploadRoutes = {
  'GET /api/s3/params': {
    stage: 'upload',
    auth: 'user',
    status: 200,
    summary:
      'Start a small upload: a presigned POST form (Uppy Companion S3 protocol). Up to 5 GiB, better under 100 MB.',
    query: z.looseObject({ filename: characters(1024), type: mediaType }),
    response: z.object({
      method: z.literal('POST'),
      url: z.string(),
      fields: z.record(z.string(), z.string()),
      expires: z.int(),
    }),
  },
  'POST /api/s3/multipart': {
    stage: 'upload',
    auth: 'user',
    status: 200,
    summary: 'Start an upload in parts. The server creates the video and chooses the key.',
    body: z.object({ filename: characters(1024), type: mediaType, metadata }),
    response: z.object({ uploadId: z.string(), key: z.string(), bucket: z.string(), videoId }),
  },
  'GET /api/s3/multipart/{uploadId}': {
    stage: 'upload',
    auth: 'user',
    status: 200,
    summary: 'Parts that have arrived.',
    params: upload,
    query: key,
    response: z.array(z.object({ PartNumber: z.int(), ETag: z.string(), Size: z.int() })),
  },
  'GET /api/s3/multipart/{uploadId}/{partNumber}': {
    stage: 'upload',
    auth: 'user',
    status: 200,
    summary: 'Sign the PUT of one part.',
    params: upload.extend({ partNumber }),
    query: key,
    response: presigned,
  },
  'GET /api/s3/multipart/{uploadId}/batch': {
    stage: 'upload',
    auth: 'user',
    status: 200,
    summary: 'Sign many parts at once.',
    params: upload,
    query: key.extend({
      partNumbers: z
        .string()
        .min(1)
        .max(6000, { abort: true })
        .transform((text) => text.split(','))
        .pipe(z.array(partNumber).max(1000)),
    }),
    response: z.object({ presignedUrls: z.record(z.string(), z.string()), expires: z.int() }),
  },
  'POST /api/s3/multipart/{uploadId}/complete': {
    stage: 'upload',
    auth: 'user',
    status: 200,
    summary: 'Finish an upload. Safe to repeat.',
    params: upload,
    query: key,
    body: z.object({
      parts: z
        .array(z.object({ PartNumber: z.int().min(1).max(MAX_PARTS), ETag: line(200) }))
        .min(1)
        .max(MAX_PARTS, { abort: true }),
    }),
    response: z.object({ location: z.string(), bucket: z.string(), key: z.string(), videoId }),
  },
  'DELETE /api/s3/multipart/{uploadId}': {
    stage: 'upload',
    auth: 'user',
    status: 200,
    summary: 'Abort an upload and forget it. Safe to repeat.',
    params: upload,
    query: key,
    response: z.object({}),
  },
} as const satisfies Record<string, Route>;
