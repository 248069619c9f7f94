/**
 * A device's latest state in its record. Attributes are set one by one under the conditions of docs/ingest.md, so
 * that neither the API's half of the record nor a newer connection's state is ever overwritten.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { DeviceRecord, Position, Stream } from '../../../../lib/contract/device.ts';

export interface Seen {
  readonly lastSeenAt: string;
  readonly position?: Position | undefined;
  readonly alarms?: readonly string[] | undefined;
  /** Of the latest report, by the device's own clock: what the alarms are of. */
  readonly reportedAt?: string | undefined;
}

export interface Connected extends Seen {
  /** False: it has gone before that it came could be written. */
  readonly online: boolean;
  readonly task: string;
  readonly session: string;
  readonly connectedAt: string;
  readonly protocol: NonNullable<DeviceRecord['protocol']>;
  readonly network: string;
}

export interface OnlyStream {
  readonly task: string;
  readonly requestId?: string;
  readonly starting?: boolean;
}

/** Who tells of a stream: the record must not say that another task receives it, and began later. */
const NOT_NEWER = 'not-newer';

type Values = Readonly<Record<string, unknown>>;

/** All of these answer false when the condition did not hold: another connection is newer, or the device is gone. */
export class DeviceState {
  readonly #dynamo: Pick<DynamoDBDocumentClient, 'send'>;
  readonly #table: string;

  constructor(dynamo: Pick<DynamoDBDocumentClient, 'send'>, table: string) {
    this.#dynamo = dynamo;
    this.#table = table;
  }

  /**
   * `before`: the session that the record named when this one came. A write that comes late, having failed for a while, must not
   * take the device from a connection that is newer: it holds where the record is as it was, is this session's own already (an
   * answer was lost), or is of one that came no later.
   */
  connect(id: string, connected: Connected, before?: string): Promise<boolean> {
    const older = [
      'attribute_not_exists(#session)',
      '#session = :session',
      ...(before === undefined ? [] : ['#session = :before']),
      'attribute_not_exists(#connectedAt)',
      '#connectedAt <= :connectedAt',
    ];
    const { set, values, names } = assignments({ ...connected });
    const condition = `attribute_exists(id) AND (${older.join(' OR ')})`;
    return this.#update(id, set, condition, { ...values, ...(before !== undefined && { ':before': before }) }, names);
  }

  seen(id: string, session: string, seen: Seen): Promise<boolean> {
    return this.#set(id, { ...seen }, { session });
  }

  disconnect(id: string, session: string, seen: Seen): Promise<boolean> {
    return this.#set(id, { online: false, ...seen }, { session });
  }

  capabilities(id: string, capabilities: NonNullable<DeviceRecord['capabilities']>): Promise<boolean> {
    return this.#set(id, { capabilities });
  }

  /** The code given at registration, unless there is one already. */
  authCode(id: string, code: string): Promise<boolean> {
    return this.#update(id, 'SET authCode = :code', 'attribute_exists(id) AND attribute_not_exists(authCode)', {
      ':code': code,
    });
  }

  /** It has sent its code for the first time. */
  codeUsed(id: string, at: string): Promise<boolean> {
    return this.#update(id, 'SET codeUsedAt = :at', 'attribute_exists(id) AND attribute_not_exists(codeUsedAt)', {
      ':at': at,
    });
  }

  /**
   * `only`: the stream must still be that task's, answer that request, and not have begun; or (`not-newer`) not be live at
   * another task that began later.
   */
  stream(id: string, channel: number, stream: Stream, only?: OnlyStream | typeof NOT_NEWER): Promise<boolean> {
    if (only === NOT_NEWER) return this.#claim(id, channel, stream);
    const condition = [
      'attribute_exists(id)',
      ...(only ? ['streams.#channel.task = :onlyTask'] : []),
      ...(only?.requestId === undefined ? [] : ['streams.#channel.requestId = :onlyRequest']),
      ...(only?.starting === true ? ['streams.#channel.#state = :starting'] : []),
    ].join(' AND ');
    const values = {
      ':stream': stream,
      ...(only && { ':onlyTask': only.task }),
      ...(only?.requestId !== undefined && { ':onlyRequest': only.requestId }),
      ...(only?.starting === true && { ':starting': 'starting' }),
    };
    return this.#update(id, 'SET streams.#channel = :stream', condition, values, {
      '#channel': String(channel),
      ...(only?.starting === true && { '#state': 'state' }),
    });
  }

  #claim(id: string, channel: number, stream: Stream): Promise<boolean> {
    const { task, epoch, since } = stream;
    const older = [
      'attribute_not_exists(streams.#channel)',
      'streams.#channel.#state <> :live',
      'streams.#channel.since <= :since',
      ...(task === undefined ? [] : ['streams.#channel.task = :task']),
      ...(epoch === undefined ? [] : ['streams.#channel.epoch <= :epoch']),
    ];
    return this.#update(
      id,
      'SET streams.#channel = :stream',
      `attribute_exists(id) AND (${older.join(' OR ')})`,
      {
        ':stream': stream,
        ':live': 'live',
        ':since': since,
        ...(task !== undefined && { ':task': task }),
        ...(epoch !== undefined && { ':epoch': epoch }),
      },
      { '#channel': String(channel), '#state': 'state' },
    );
  }

  #set(id: string, all: Values, only?: { session: string }): Promise<boolean> {
    const { set, values, names } = assignments(all);
    return this.#update(
      id,
      set,
      only === undefined ? 'attribute_exists(id)' : '#onlySession = :onlySession',
      { ...values, ...(only && { ':onlySession': only.session }) },
      { ...names, ...(only && { '#onlySession': 'session' }) },
    );
  }

  async #update(
    id: string,
    UpdateExpression: string,
    ConditionExpression: string,
    ExpressionAttributeValues: Values,
    ExpressionAttributeNames?: Record<string, string>,
  ): Promise<boolean> {
    try {
      await this.#dynamo.send(
        new UpdateCommand({
          TableName: this.#table,
          Key: { id },
          UpdateExpression,
          ConditionExpression,
          ExpressionAttributeValues,
          ...(ExpressionAttributeNames && { ExpressionAttributeNames }),
        }),
      );
      return true;
    } catch (error) {
      if (error instanceof ConditionalCheckFailedException) return false;
      throw error;
    }
  }
}

/** An update expression that sets what is not undefined. */
function assignments(all: Values) {
  const names = Object.keys(all).filter((name) => all[name] !== undefined);
  return {
    set: `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
    values: Object.fromEntries(names.map((name) => [`:${name}`, all[name]])),
    names: Object.fromEntries(names.map((name) => [`#${name}`, name])),
  };
}
