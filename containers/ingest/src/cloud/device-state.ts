/**
 * A device's latest state in its record. Attributes are set one by one under the conditions of docs/ingest.md, so
 * that neither the API's half of the record nor a newer connection's state is ever overwritten.
 */
import { ConditionalCheckFailedException } from '@aws-sdk/client-dynamodb';
import { UpdateCommand, type DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import type { DeviceRecord, Position, Stream } from '../../../../lib/contract/device.ts';

export interface Connected {
  readonly task: string;
  readonly session: string;
  readonly connectedAt: string;
  readonly protocol: NonNullable<DeviceRecord['protocol']>;
  readonly network: string;
}

export interface Seen {
  readonly lastSeenAt: string;
  readonly position?: Position | undefined;
  readonly alarms?: readonly string[] | undefined;
}

export interface OnlyStream {
  readonly task: string;
  readonly requestId?: string;
  readonly starting?: boolean;
}

type Values = Readonly<Record<string, unknown>>;

/** All of these answer false when the condition did not hold: another connection is newer, or the device is gone. */
export class DeviceState {
  readonly #dynamo: Pick<DynamoDBDocumentClient, 'send'>;
  readonly #table: string;

  constructor(dynamo: Pick<DynamoDBDocumentClient, 'send'>, table: string) {
    this.#dynamo = dynamo;
    this.#table = table;
  }

  connect(id: string, connected: Connected): Promise<boolean> {
    return this.#set(id, { online: true, ...connected, lastSeenAt: connected.connectedAt });
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

  /** `only`: the stream must still be that task's, answer that request, and not have begun. */
  stream(id: string, channel: number, stream: Stream, only?: OnlyStream): Promise<boolean> {
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

  #set(id: string, values: Values, only?: { session: string }): Promise<boolean> {
    const names = Object.keys(values).filter((name) => values[name] !== undefined);
    return this.#update(
      id,
      `SET ${names.map((name) => `#${name} = :${name}`).join(', ')}`,
      only === undefined ? 'attribute_exists(id)' : '#onlySession = :onlySession',
      {
        ...Object.fromEntries(names.map((name) => [`:${name}`, values[name]])),
        ...(only && { ':onlySession': only.session }),
      },
      { ...Object.fromEntries(names.map((name) => [`#${name}`, name])), ...(only && { '#onlySession': 'session' }) },
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
