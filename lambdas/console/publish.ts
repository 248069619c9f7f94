/**
 * Custom resource: puts the console's files, which travel in this function's own package under `site/`, into the site
 * bucket. Files of earlier versions stay: a tab opened before a deploy still finds what its page names.
 */
import { readdir, readFile } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { CloudFrontClient, CreateInvalidationCommand } from '@aws-sdk/client-cloudfront';
import { PutObjectCommand } from '@aws-sdk/client-s3';
import { required } from '../../lib/contract/env.ts';
import { s3 } from '../shared/clients.ts';
import { customResource } from '../shared/custom-resource.ts';
import { fileHeaders } from './headers.ts';

const cloudFront = new CloudFrontClient({});
/** What keeps its address and changes with a deploy. */
const PAGES = ['/', '/index.html', '/player/sluice-player.js'];
const folder = join(import.meta.dirname, 'site');

export const handler = customResource('sluice-console-files', async ({ RequestType, RequestId }) => {
  if (RequestType === 'Delete') return {};
  const entries = await readdir(folder, { recursive: true, withFileTypes: true });
  const files = entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
  // What pages name goes first, pages last: nobody is served a page whose files are not there yet.
  const inOrder = files.toSorted((a, b) => Number(a.endsWith('.html')) - Number(b.endsWith('.html')));
  for (const file of inOrder) {
    const Key = relative(folder, file);
    await s3.send(
      new PutObjectCommand({ Bucket: required('SITE_BUCKET'), Key, Body: await readFile(file), ...fileHeaders(Key) }),
    );
  }
  await cloudFront.send(
    new CreateInvalidationCommand({
      DistributionId: required('DISTRIBUTION_ID'),
      InvalidationBatch: { CallerReference: RequestId, Paths: { Quantity: PAGES.length, Items: [...PAGES] } },
    }),
  );
  return { Files: String(files.length) };
});
