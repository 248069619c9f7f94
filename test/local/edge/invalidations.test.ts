import http from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { watchInvalidations } from '../../../local/edge/invalidations.ts';

/** CloudFront's API as far as the watcher asks: two a page, newest first. */
const invalidations: { id: string; created: Date; paths: string[] }[] = [];
let broken = false;
let asked = 0;

/** A busy machine may take its time. */
const PATIENCE = { timeout: 30_000 };

const server = http.createServer((req, res) => {
  asked++;
  const url = new URL(req.url ?? '', 'http://x');
  if (broken || !url.pathname.startsWith('/2020-05-31/distribution/EDIST/invalidation')) {
    res
      .writeHead(500, { 'content-type': 'text/xml' })
      .end('<ErrorResponse><Error><Code>Broken</Code><Message>no</Message></Error></ErrorResponse>');
    return;
  }
  const id = url.pathname.split('/')[5];
  const one = invalidations.find((it) => it.id === id);
  const xml = (body: string) =>
    void res.writeHead(200, { 'content-type': 'text/xml' }).end(`<?xml version="1.0"?>${body}`);
  if (one) {
    const paths = one.paths.map((path) => `<Path>${path}</Path>`).join('');
    xml(
      `<Invalidation><Id>${one.id}</Id><Status>Completed</Status><CreateTime>${one.created.toISOString()}</CreateTime><InvalidationBatch><Paths><Quantity>${one.paths.length}</Quantity><Items>${paths}</Items></Paths><CallerReference>r</CallerReference></InvalidationBatch></Invalidation>`,
    );
    return;
  }
  const from = Number(url.searchParams.get('Marker') ?? 0);
  const page = invalidations.toReversed().slice(from, from + 2);
  const more = from + 2 < invalidations.length;
  const items = page.map(
    (it) =>
      `<InvalidationSummary><Id>${it.id}</Id><CreateTime>${it.created.toISOString()}</CreateTime><Status>Completed</Status></InvalidationSummary>`,
  );
  xml(
    `<InvalidationList><Marker>${from}</Marker>${more ? `<NextMarker>${from + 2}</NextMarker>` : ''}<MaxItems>2</MaxItems><IsTruncated>${more}</IsTruncated><Quantity>${page.length}</Quantity><Items>${items.join('')}</Items></InvalidationList>`,
  );
});

afterEach(() => {
  server.closeAllConnections();
  server.close();
});

describe('watchInvalidations', () => {
  it('applies each new one once, over all pages, not what was there before, and goes on after a failure', async () => {
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    invalidations.push({ id: 'I0', created: new Date(Date.now() - 60_000), paths: ['/old'] });
    const applied: string[][] = [];
    const logs: string[] = [];
    const watcher = watchInvalidations({
      engineEndpoint: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
      region: 'us-east-1',
      credentials: { accessKeyId: 'a', secretAccessKey: 'b' },
      distributionId: 'EDIST',
      interval: 10,
      invalidate: (paths) => applied.push([...paths]),
      log: (line) => logs.push(line),
    });
    await expect.poll(() => asked, PATIENCE).toBeGreaterThan(1);
    for (let i = 1; i <= 5; i++) invalidations.push({ id: `I${i}`, created: new Date(), paths: [`/vod/${i}/*`, '/b'] });
    await expect.poll(() => applied.length, PATIENCE).toBe(5);
    broken = true;
    await expect.poll(() => logs.filter((line) => line.includes('cannot be read')).length, PATIENCE).toBe(1);
    const before = asked;
    await expect.poll(() => asked, PATIENCE).toBeGreaterThan(before + 3);
    broken = false;
    invalidations.push({ id: 'I6', created: new Date(), paths: ['/last'] });
    await expect.poll(() => applied.at(-1), PATIENCE).toEqual(['/last']);
    expect(new Set(applied.map((paths) => paths[0]))).toEqual(
      new Set(['/last', '/vod/1/*', '/vod/2/*', '/vod/3/*', '/vod/4/*', '/vod/5/*']),
    );
    expect(applied).toHaveLength(6);
    expect(logs.filter((line) => line.includes('cannot be read'))).toHaveLength(1);
    const started = performance.now();
    await watcher.stop();
    expect(performance.now() - started).toBeLessThan(10_000);
    // What was on the wire may still arrive; then there is silence, for many times as long as it paused before.
    let [last, calm] = [-1, 0];
    const isCalm = () => {
      calm = asked === last ? calm + 1 : 0;
      last = asked;
      return calm >= 30;
    };
    await vi.waitUntil(isCalm, { ...PATIENCE, interval: 10 });
  });
});
