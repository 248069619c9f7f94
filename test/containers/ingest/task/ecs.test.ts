/** Who the task is, and how it protects itself from being scaled in. */
import { describe, expect, it } from 'vitest';
import { ScaleInProtection, taskId, taskRevision } from '../../../../containers/ingest/src/task/ecs.ts';
import { ecsAgent } from './ecs.ts';

describe('the environment', () => {
  it('says who the task is', async () => {
    expect(await taskId({ TASK_ID: 'abcdef0123456789' })).toBe('abcdef0123456789');
    expect(await taskId({})).toMatch(/^[a-z0-9]{32}$/);
    await expect(taskId({ TASK_ID: 'A/B' })).rejects.toThrow('not a task id');
    const agent = await ecsAgent();
    expect(await taskId({ ECS_CONTAINER_METADATA_URI_V4: agent.url })).toBe('0123456789abcdef0123456789abcdef');
    expect(await taskRevision({ ECS_CONTAINER_METADATA_URI_V4: agent.url })).toBe('ingest:7');
    expect(await taskRevision({})).toBeUndefined();
    const failures: unknown[] = [];
    const protection = new ScaleInProtection((error) => failures.push(error), { ECS_AGENT_URI: agent.url });
    await protection.set(false, 0);
    await protection.set(true, 1000);
    await protection.set(true, 2000);
    await protection.set(true, 700_000);
    await protection.set(false, 701_000);
    expect(agent.asked).toEqual([
      { ProtectionEnabled: true, ExpiresInMinutes: 30 },
      { ProtectionEnabled: true, ExpiresInMinutes: 30 },
      { ProtectionEnabled: false },
    ]);
    agent.close();
    await protection.set(true, 800_000);
    expect(failures).toHaveLength(1);
    await new ScaleInProtection(() => expect.unreachable(), {}).set(true);
  });
});
