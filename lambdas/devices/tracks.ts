/** Reads positions and alarms of a stretch of time. */
import { paginateQuery, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { alarmRecord, type AlarmRecord } from '../../lib/contract/device.ts';
import { required } from '../../lib/contract/env.ts';
import {
  decodePoints,
  MAX_SPAN,
  positionItem,
  startBound,
  trackKey,
  type Point,
} from '../../lib/contract/positions.ts';
import { dynamo } from '../shared/clients.ts';
import type { Stretch } from '../shared/recordings.ts';

const DAY = 86_400_000;

/** Points of a device in order of time, `to` not included. */
export async function readPoints(device: string, { from, to }: Stretch): Promise<Point[]> {
  const points: Point[] = [];
  for (let day = Math.floor(from / DAY) * DAY; day < to; day += DAY) {
    const pages = paginateQuery(
      { client: dynamo },
      {
        TableName: required('POSITIONS_TABLE'),
        KeyConditionExpression: '#track = :track AND #start BETWEEN :from AND :to',
        ExpressionAttributeNames: { '#track': 'track', '#start': 'start' },
        ExpressionAttributeValues: {
          ':track': trackKey(device, day),
          // An item that began before may reach into the stretch.
          ':from': startBound(from - MAX_SPAN),
          ':to': startBound(to),
        },
      },
    );
    for await (const { Items = [] } of pages) {
      for (const item of Items) points.push(...decodePoints(positionItem.parse(item).points));
    }
  }
  return points.filter(({ time }) => time >= from && time < to).sort((a, b) => a.time - b.time);
}

interface AlarmPage {
  readonly alarms: AlarmRecord[];
  /** Sort key to go on after. */
  readonly next: string | undefined;
}

/** Latest first; `after` is the sort key the page before ended with. */
export async function readAlarms(
  device: string,
  { from, to }: Stretch,
  limit: number,
  after: string | undefined,
): Promise<AlarmPage> {
  const { Items = [], LastEvaluatedKey } = await dynamo.send(
    new QueryCommand({
      TableName: required('ALARMS_TABLE'),
      KeyConditionExpression: '#device = :device AND #at BETWEEN :from AND :to',
      ExpressionAttributeNames: { '#device': 'device', '#at': 'at' },
      ExpressionAttributeValues: {
        ':device': device,
        ':from': new Date(from).toISOString(),
        ':to': new Date(to).toISOString(),
      },
      ScanIndexForward: false,
      Limit: limit,
      ...(after !== undefined && { ExclusiveStartKey: { device, at: after } }),
    }),
  );
  return { alarms: Items.map((item) => alarmRecord.parse(item)), next: LastEvaluatedKey?.['at'] as string | undefined };
}
