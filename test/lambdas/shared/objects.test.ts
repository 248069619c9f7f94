/** Bulk listing and deleting on the engine; what the engine never answers is put in by SDK middleware. */
import {
  PutObjectCommand,
  type DeleteObjectsCommandInput,
  type DeleteObjectsCommandOutput,
  type ListObjectsV2CommandInput,
} from '@aws-sdk/client-s3';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { isTransient } from '../../../lambdas/slicing/transient.ts';
import { startHandlerEngine } from '../engine.ts';

let close: () => Promise<void>;
let s3: (typeof import('../../../lambdas/shared/clients.ts'))['s3'];
let objects: typeof import('../../../lambdas/shared/objects.ts');
let bucket: string;

beforeAll(async () => {
  close = await startHandlerEngine({});
  ({ s3 } = await import('../../../lambdas/shared/clients.ts'));
  objects = await import('../../../lambdas/shared/objects.ts');
  bucket = process.env['MEDIA_BUCKET']!;
});
afterAll(() => close());
afterEach(async () => {
  s3.middlewareStack.remove('test');
  await objects.removePrefix(bucket, '');
});

const put = (key: string) => s3.send(new PutObjectCommand({ Bucket: bucket, Key: key, Body: key }));
const fill = async (prefix: string, count: number) => {
  for (let at = 0; at < count; at += 50)
    await Promise.all(Array.from({ length: Math.min(50, count - at) }, (_, i) => put(`${prefix}${at + i}`)));
};
const keys = async (prefix: string) => {
  const found: string[] = [];
  for await (const page of objects.listObjects(bucket, prefix)) found.push(...page.map(({ Key }) => Key));
  return found;
};

/** Changes what every bulk deletion answers: which keys it says are left, and why. Answers how many calls there were. */
function refusing(code: (key: string, call: number) => string | undefined): () => number {
  let calls = 0;
  s3.middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName !== 'DeleteObjectsCommand') return await next(args);
      calls += 1;
      const call = calls;
      const input = args.input as DeleteObjectsCommandInput;
      const asked = (input.Delete?.Objects ?? []).map((object) => ({ Key: object.Key! }));
      const Errors = asked.flatMap(({ Key }) => {
        const Code = code(Key, call);
        return Code === undefined ? [] : [{ Key, Code }];
      });
      const left = new Set(Errors.map(({ Key }) => Key));
      const Objects = asked.filter(({ Key }) => !left.has(Key));
      if (Objects.length === 0)
        return { response: {}, output: { Errors, $metadata: {} } as DeleteObjectsCommandOutput };
      const answer = await next({ ...args, input: { ...input, Delete: { ...input.Delete, Objects } } });
      return { ...answer, output: { ...answer.output, Errors } };
    },
    { step: 'initialize', name: 'test' },
  );
  return () => calls;
}

describe('removing by prefix', () => {
  it('removes all below it, however many pages that is, and nothing beside it', async () => {
    await fill('vod/a/', 2050);
    await fill('vod/b/', 3);
    expect(await objects.removePrefix(bucket, 'vod/a/')).toBe(2050);
    expect(await keys('')).toEqual(['vod/b/0', 'vod/b/1', 'vod/b/2']);
    expect(await objects.removePrefix(bucket, 'vod/a/')).toBe(0);
  });

  it('goes on while somebody writes', async () => {
    await fill('vod/a/', 5);
    let late = 3;
    s3.middlewareStack.add(
      (next, context) => async (args) => {
        const answer = await next(args);
        if (context.commandName === 'DeleteObjectsCommand' && late > 0) await put(`vod/a/late-${late--}`);
        return answer;
      },
      { step: 'initialize', name: 'test' },
    );
    expect(await objects.removePrefix(bucket, 'vod/')).toBe(8);
    expect(await keys('')).toEqual([]);
  });

  it('throws when one of many could not be deleted, at once when another try is no use', async () => {
    await fill('vod/a/', 4);
    const calls = refusing((key) => (key === 'vod/a/2' ? 'AccessDenied' : undefined));
    await expect(objects.removePrefix(bucket, 'vod/a/')).rejects.toThrow(
      '1 objects could not be deleted: AccessDenied',
    );
    expect(calls()).toBe(1);
    expect(await keys('')).toEqual(['vod/a/2']);
  });

  it('tries again those that S3 was too busy for', async () => {
    await fill('vod/a/', 4);
    const calls = refusing((key, call) => (key === 'vod/a/2' && call < 3 ? 'SlowDown' : undefined));
    expect(await objects.removePrefix(bucket, 'vod/a/')).toBe(4);
    expect(calls()).toBe(3);
    expect(await keys('')).toEqual([]);
  });

  it('gives up on an S3 that stays busy with an error that a step tries again later', async () => {
    await put('vod/a/1');
    const calls = refusing(() => 'SlowDown');
    const error = await objects.removeObjects(bucket, ['vod/a/1']).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ name: 'SlowDown', message: '1 objects could not be deleted: SlowDown' });
    expect(isTransient(error)).toBe(true);
    expect(calls()).toBe(5);
    s3.middlewareStack.remove('test');
    refusing(() => 'AccessDenied');
    expect(isTransient(await objects.removeObjects(bucket, ['vod/a/1']).catch((thrown: unknown) => thrown))).toBe(
      false,
    );
  });

  it('stops between two pages when it is called off, and has waited for what was under way', async () => {
    await fill('vod/a/', 1500);
    const stop = new AbortController();
    refusing(() => {
      stop.abort(new Error('enough'));
      return undefined;
    });
    await expect(objects.removePrefix(bucket, '', stop.signal)).rejects.toThrow('enough');
    const left = (await keys('')).length;
    expect([0, 500]).toContain(left);
  });
});

it('sends a prefix when there is one, and none when there is not: the rights to list are written for that', async () => {
  const sent: (string | undefined)[] = [];
  s3.middlewareStack.add(
    (next, context) => async (args) => {
      if (context.commandName === 'ListObjectsV2Command') sent.push((args.input as ListObjectsV2CommandInput).Prefix);
      return await next(args);
    },
    { step: 'initialize', name: 'test' },
  );
  await keys('vod/');
  await keys('');
  expect(sent).toEqual(['vod/', undefined]);
});
