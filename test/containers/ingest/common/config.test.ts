/** What a task is told by its environment. */
import { describe, expect, it } from 'vitest';
import { readServerConfig } from '../../../../containers/ingest/src/common/config.ts';
import { OPTIONS, testOptions } from '../task/cloud.ts';

describe('the environment', () => {
  const env = {
    INGEST_OPTIONS: JSON.stringify(OPTIONS),
    ...Object.fromEntries(
      'PUBLIC_HOST COMMAND_QUEUE_PREFIX DEVICES_TABLE POSITIONS_TABLE ALARMS_TABLE FLEET_TABLE VIDEOS_TABLE MEDIA_BUCKET SOURCE_BUCKET EVENT_BUS SERVICE_NAME AWS_REGION'
        .split(' ')
        .map((name) => [name, name.toLowerCase()]),
    ),
  };
  it('is read once, and what is missing or malformed is named', () => {
    expect(readServerConfig(env, testOptions)).toMatchObject({
      options: OPTIONS,
      tables: { fleet: 'fleet_table' },
      listenAddress: undefined,
    });
    expect(() => readServerConfig({ ...env, FLEET_TABLE: '' }, testOptions)).toThrow('FLEET_TABLE is missing');
    expect(() => readServerConfig({ ...env, INGEST_OPTIONS: '{"ports":{}}' })).toThrow('INGEST_OPTIONS does not hold');
  });

  it('holds times and limits within the bounds of the configuration', () => {
    const shipped = { ...OPTIONS, stateSeconds: 5, positionSeconds: 5 };
    const read = (options: unknown) => readServerConfig({ ...env, INGEST_OPTIONS: JSON.stringify(options) }).options;
    expect(read(shipped)).toEqual(shipped);
    expect(read({ ...shipped, idleStopSeconds: 0 }).idleStopSeconds).toBe(0);
    expect(() => read({ ...shipped, startSeconds: 4 })).toThrow('INGEST_OPTIONS does not hold');
    expect(() => read({ ...shipped, startSeconds: 121 })).toThrow('INGEST_OPTIONS does not hold');
  });
});
