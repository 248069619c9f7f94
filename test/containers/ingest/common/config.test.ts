/** What a task is told by its environment. */
import { describe, expect, it } from 'vitest';
import { readServerConfig } from '../../../../containers/ingest/src/common/config.ts';
import { OPTIONS } from '../task/cloud.ts';

describe('the environment', () => {
  const env = {
    INGEST_OPTIONS: JSON.stringify(OPTIONS),
    ...Object.fromEntries(
      'PUBLIC_HOST COMMAND_QUEUE_PREFIX DEVICES_TABLE POSITIONS_TABLE ALARMS_TABLE FLEET_TABLE VIDEOS_TABLE ENTITLEMENTS_TABLE MEDIA_BUCKET SOURCE_BUCKET EVENT_BUS SERVICE_NAME AWS_REGION'
        .split(' ')
        .map((name) => [name, name.toLowerCase()]),
    ),
  };
  it('is read once, and what is missing or malformed is named', () => {
    expect(readServerConfig(env)).toMatchObject({
      options: OPTIONS,
      tables: { fleet: 'fleet_table' },
      listenAddress: undefined,
    });
    expect(() => readServerConfig({ ...env, FLEET_TABLE: '' })).toThrow('FLEET_TABLE is missing');
    expect(() => readServerConfig({ ...env, INGEST_OPTIONS: '{"ports":{}}' })).toThrow('INGEST_OPTIONS does not hold');
  });
});
