/** The logs of a video's life on the running stack: one id finds it from its upload to who plays it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { awsRequest } from '../../local/aws-request.ts';
import { Client } from '../../local/client.ts';
import { engineClient } from '../../local/engine.ts';
import { makeVideo } from '../support/media.ts';
import { runningStack } from '../stack.ts';

const stack = await runningStack();
const uma = new Client(stack.url, stack.users.find(({ name }) => name === 'uma')!.token);

interface Line {
  readonly group: string;
  readonly message: string;
  readonly correlation_id?: string;
  readonly status?: string;
  readonly execution?: string;
  readonly requestId?: string;
  readonly session?: string;
  readonly what?: string;
}

/** Of all functions, what they said that has this text in it. */
async function linesWith(text: string): Promise<Line[]> {
  const logs = (action: string, json: object) =>
    awsRequest(engineClient(stack.engine), { service: 'logs', target: `Logs_20140328.${action}`, json });
  const groups: string[] = [];
  let nextToken: string | undefined;
  do {
    const page = JSON.parse(await logs('DescribeLogGroups', { nextToken })) as {
      logGroups: { logGroupName: string }[];
      nextToken?: string;
    };
    groups.push(...page.logGroups.map(({ logGroupName }) => logGroupName));
    ({ nextToken } = page);
  } while (nextToken);
  const found: Line[] = [];
  for (const group of groups) {
    let more: string | undefined;
    do {
      const page = JSON.parse(
        await logs('FilterLogEvents', { logGroupName: group, filterPattern: `"${text}"`, nextToken: more }),
      ) as { events: { message: string }[]; nextToken?: string };
      for (const { message } of page.events)
        for (const line of message.split('\n'))
          if (line.includes(text) && line.startsWith('{')) found.push({ ...(JSON.parse(line) as Line), group });
      more = page.nextToken;
    } while (more);
  }
  return found;
}

it('a video is found by its id from its upload to who plays it, and nothing that opens it is said', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'sluice-logs-'));
  try {
    const file = join(folder, 'a.mp4');
    await makeVideo(stack.ffmpegFolder, file, { seconds: 4, size: '320x180' });
    const id = await uma.upload(file, { name: 'a.mp4' });
    await uma.ready(id);
    const manifest = await (await uma.fetch('GET', `/api/play/${id}/main.m3u8`)).text();
    const signature = /Signature=([^&"]+)/.exec(manifest)![1]!;
    const ticket = /\/s\/([^/]+)\//.exec(manifest)![1]!;

    // What functions say arrives in the logs a moment later.
    const statuses = ['uploading', 'uploaded', 'probed', 'playable', 'ready'];
    const said = async () =>
      (await linesWith(id)).filter(({ message }) => message === 'video').map(({ status }) => status);
    await expect.poll(said, { timeout: 60_000, interval: 1000 }).toEqual(expect.arrayContaining(statuses));
    const opened = async () => (await linesWith(id)).filter(({ message }) => message === 'opened');
    await expect.poll(opened, { timeout: 60_000, interval: 1000 }).not.toEqual([]);

    const lines = await linesWith(id);
    expect(new Set(lines.map(({ correlation_id }) => correlation_id))).toEqual(new Set([id]));
    expect(new Set(lines.map(({ group }) => group)).size).toBeGreaterThan(2);
    for (const line of lines.filter(({ status }) => status === 'ready' || status === 'probed'))
      expect(line.execution).toBeDefined();
    const [play] = lines.filter(({ message }) => message === 'opened');
    expect(play).toMatchObject({ what: `vod/${id}`, session: ticket.split('.')[0] });
    expect(play!.requestId).toBeDefined();
    const begun = lines.find(({ status }) => status === 'uploading')!;
    expect(begun.requestId).toBeDefined();
    const all = JSON.stringify(lines);
    for (const secret of [signature, 'Signature', 'uma', 'Bearer']) expect(all).not.toContain(secret);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});
