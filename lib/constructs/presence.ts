/**
 * Presence: a WebSocket API by which the console is told what happens, and the function that decides who is told what
 * (docs/presence.md). Nothing of it runs by a clock, or looks into a queue: who connects, and what changes in a table, calls it.
 */
import { Aws, Duration, RemovalPolicy, Stack } from 'aws-cdk-lib';
import { CfnApi, CfnIntegration, CfnRoute, CfnStage } from 'aws-cdk-lib/aws-apigatewayv2';
import type { Table } from 'aws-cdk-lib/aws-dynamodb';
import { ServicePrincipal } from 'aws-cdk-lib/aws-iam';
import { LoggingFormat, StartingPosition, SystemLogLevel } from 'aws-cdk-lib/aws-lambda';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { SOCKET } from '../contract/socket.ts';
import type { Api } from './api.ts';
import type { DeviceTables } from './device-tables.ts';
import { SluiceFunction } from './function.ts';
import { acknowledge } from './nag.ts';
import type { Storage } from './storage.ts';
import { hears, OF_VIDEOS } from './stream.ts';
import { table, text } from './table.ts';

export interface PresenceProps {
  readonly config: Config;
  readonly api: Api;
  readonly storage: Pick<Storage, 'videos' | 'entitlements' | 'uploads' | 'sessions'>;
}

/** Changes in one call: of one video some are one message. */
const MOST_CHANGES = 100;
/** What is older when it could be told is not worth telling. */
const OLDEST = Duration.minutes(1);

export class Presence extends Construct {
  readonly handler: SluiceFunction;
  /** Host of the WebSocket API, whose only stage is `/ws`. */
  readonly host: string;

  constructor(scope: Construct, id: string, { config, api, storage }: PresenceProps) {
    super(scope, id);
    const sockets = new CfnApi(this, 'Sockets', {
      name: `${config.name}-${config.environment}-presence`,
      protocolType: 'WEBSOCKET',
      // One kind of message: no route is chosen by what a client says.
      routeSelectionExpression: '$request.body.none',
    });
    this.host = `${sockets.ref}.execute-api.${Aws.REGION}.${Aws.URL_SUFFIX}`;
    const rows = table(this, 'Rows', {
      partitionKey: text('topic'),
      sortKey: text('connection'),
      timeToLiveAttribute: 'until',
      // Of who is connected; whose connection is lost begins another.
      removalPolicy: RemovalPolicy.DESTROY,
    });
    this.handler = new SluiceFunction(this, 'Handler', {
      config,
      entry: 'presence/handler.ts',
      description: 'Tells the console what happens, over WebSockets',
      // It is called for each change of a video, also where nobody listens: Lambda's own lines of each would cost more than that.
      loggingFormat: LoggingFormat.JSON,
      systemLogLevelV2: SystemLogLevel.WARN,
      environment: {
        GROUPS_CLAIM: config.auth.groupsClaim,
        HOOKED: config.playback.hookUrl === undefined ? 'no' : 'yes',
        // By the SDK's own variable, so that a local engine can say another.
        AWS_ENDPOINT_URL_APIGATEWAYMANAGEMENTAPI: `https://${this.host}/${SOCKET}`,
      },
    })
      .useTable('PRESENCE_TABLE', rows, ['GetItem', 'PutItem', 'UpdateItem', 'DeleteItem', 'Query'])
      .useTable('VIDEOS_TABLE', storage.videos, ['BatchGetItem'])
      .useTable('ENTITLEMENTS_TABLE', storage.entitlements, ['BatchGetItem'])
      // Numbered places of connections (lambdas/shared/slots.ts).
      .useTable('UPLOADS_TABLE', storage.uploads, ['Query', 'PutItem', 'DeleteItem'])
      .allow(
        ['execute-api:ManageConnections'],
        ['POST', 'DELETE'].map((method) => this.#arn(sockets, `${SOCKET}/${method}/@connections/*`)),
        'connections have no names before they are there',
      );
    this.#routes(sockets);
    // Not of the API's share: who cannot be told polls, and a burst of changes must not take it.
    api.serve('presence', this.handler, { isReserved: false });
    this.#hears('Videos', 'VIDEOS_TABLE', storage.videos, OF_VIDEOS);
    this.#hears('Sessions', 'SESSIONS_TABLE', storage.sessions);
  }

  /** Has the function called for what changes in a table, which has a stream. By its name it knows what a change is of. */
  #hears(id: string, variable: string, table: Table, filters?: typeof OF_VIDEOS): void {
    this.handler.addEnvironment(variable, table.tableName);
    hears(this, id, {
      target: this.handler,
      table,
      ...(filters && { filters }),
      startingPosition: StartingPosition.LATEST,
      batchSize: MOST_CHANGES,
      // So many together are one call; who waits for a bar to move does not see a second.
      maxBatchingWindow: Duration.seconds(1),
      // What fails is lost, and the next change of the same video makes up for it.
      retryAttempts: 1,
      maxRecordAge: OLDEST,
    });
  }

  /** Has it told of devices and their alarms, whose tables are made later. */
  hearsOfDevices({ devices, alarms }: Pick<DeviceTables, 'devices' | 'alarms'>): void {
    this.#hears('Alarms', 'ALARMS_TABLE', alarms);
    this.#hears('Devices', 'DEVICES_TABLE', devices);
  }

  /** Says under which address people come. */
  servedAt(publicUrl: string): void {
    this.handler.addEnvironment('PUBLIC_URL', publicUrl);
  }

  #arn({ ref }: CfnApi, resourceName: string): string {
    return Stack.of(this).formatArn({ service: 'execute-api', resource: ref, resourceName });
  }

  #routes(sockets: CfnApi): void {
    const { ref: apiId } = sockets;
    const { functionArn } = this.handler;
    const integration = new CfnIntegration(this, 'Calls', {
      apiId,
      integrationType: 'AWS_PROXY',
      integrationUri: `arn:${Aws.PARTITION}:apigateway:${Aws.REGION}:lambda:path/2015-03-31/functions/${functionArn}/invocations`,
    });
    this.handler.addPermission('Sockets', {
      principal: new ServicePrincipal('apigateway.amazonaws.com'),
      sourceArn: this.#arn(sockets, `${SOCKET}/*`),
    });
    for (const routeKey of ['$connect', '$default', '$disconnect']) {
      const route = new CfnRoute(this, routeKey.slice(1), {
        apiId,
        routeKey,
        target: `integrations/${integration.ref}`,
      });
      acknowledge(
        route,
        'AwsSolutions-APIG4',
        'A connection begins by a ticket that the API gave to who is signed in, once and for a minute; the function takes it',
      );
    }
    const stage = new CfnStage(this, 'Stage', {
      apiId,
      stageName: SOCKET,
      autoDeploy: true,
      defaultRouteSettings: { throttlingBurstLimit: 200, throttlingRateLimit: 200 },
    });
    acknowledge(
      stage,
      'AwsSolutions-APIG1',
      'Of a WebSocket API they need a role of the whole account, which is not one deployment’s to set; tickets stand in addresses',
    );
  }
}
