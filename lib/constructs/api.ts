/** The HTTP API. Its routes come from the contract's table; a stage only says which function answers them. */
import { Duration } from 'aws-cdk-lib';
import type { CfnStage } from 'aws-cdk-lib/aws-apigatewayv2';
import { CorsHttpMethod, HttpApi, HttpMethod, HttpNoneAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2';
import { HttpJwtAuthorizer } from 'aws-cdk-lib/aws-apigatewayv2-authorizers';
import { HttpLambdaIntegration } from 'aws-cdk-lib/aws-apigatewayv2-integrations';
import type { CfnFunction } from 'aws-cdk-lib/aws-lambda';
import { LogGroup } from 'aws-cdk-lib/aws-logs';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { routes, type RouteKey } from '../contract/api.ts';
import { AUDITED } from '../contract/audited.ts';
import { EVENTS_HEADER } from '../contract/manifest.ts';
import { answersHead, type Route, type Stage } from '../contract/route.ts';
import type { Auth } from './auth.ts';
import type { SluiceFunction } from './function.ts';
import { acknowledge } from './nag.ts';
import { removalOf } from './removal.ts';
import type { Storage } from './storage.ts';

export interface ApiProps {
  readonly config: Config;
  readonly auth: Auth;
  readonly storage: Pick<Storage, 'audit'>;
}

export class Api extends Construct {
  readonly http: HttpApi;
  readonly auth: Auth;
  readonly #authorizer: HttpJwtAuthorizer;
  readonly #reserved: number | undefined;
  readonly #writesAudit: (fn: SluiceFunction) => void;

  constructor(scope: Construct, id: string, { config, auth, storage }: ApiProps) {
    super(scope, id);
    this.#writesAudit = (fn) =>
      fn
        .useTable('AUDIT_TABLE', storage.audit, ['PutItem'])
        .addEnvironment('AUDIT_DAYS', String(config.operations.auditDays));
    this.auth = auth;
    this.#reserved = config.concurrency.reservedForApi;
    this.http = new HttpApi(this, 'Http', {
      apiName: `${config.name}-${config.environment}`,
      corsPreflight: {
        allowOrigins: config.playback.allowedOrigins,
        allowMethods: [
          CorsHttpMethod.GET,
          CorsHttpMethod.HEAD,
          CorsHttpMethod.POST,
          CorsHttpMethod.PATCH,
          CorsHttpMethod.PUT,
          CorsHttpMethod.DELETE,
        ],
        // `soapaction`: of who asks for a licence of PlayReady.
        allowHeaders: ['authorization', 'content-type', 'soapaction'],
        exposeHeaders: [EVENTS_HEADER],
        maxAge: Duration.hours(1),
      },
    });
    this.#authorizer = new HttpJwtAuthorizer('Jwt', auth.issuer, { jwtAudience: [auth.audience] });
    const logs = new LogGroup(this, 'Access', {
      retention: config.logRetentionDays,
      removalPolicy: removalOf(config),
    });
    const stage = this.http.defaultStage!.node.defaultChild as CfnStage;
    stage.accessLogSettings = {
      destinationArn: logs.logGroupArn,
      // No query string: playback tokens travel in it.
      format: JSON.stringify({
        time: '$context.requestTime',
        requestId: '$context.requestId',
        route: '$context.routeKey',
        status: '$context.status',
        ms: '$context.responseLatency',
        subject: '$context.authorizer.claims.sub',
        error: '$context.error.message',
      }),
    };
    stage.defaultRouteSettings = { throttlingBurstLimit: 500, throttlingRateLimit: 1000 };
  }

  /** Lets `fn` answer every route of `stage`, with the concurrency that is reserved for that unless told otherwise. */
  serve(stage: Stage, fn: SluiceFunction, { isReserved = true } = {}): void {
    if (isReserved && this.#reserved !== undefined) {
      (fn.node.defaultChild as CfnFunction).reservedConcurrentExecutions = this.#reserved;
    }
    if (Object.keys(AUDITED).some((key) => routes[key as RouteKey].stage === stage)) this.#writesAudit(fn);
    // One right of this API to call the function, not one for each route: a stack has 500 resources, and a function no other caller.
    const integration = new HttpLambdaIntegration(`${stage}-integration`, fn, { scopePermissionToRoute: false });
    for (const [key, route] of Object.entries<Route>(routes)) {
      if (route.stage !== stage) continue;
      const [method, path] = key.split(' ') as [HttpMethod, string];
      const methods = answersHead(key, route) ? [method, HttpMethod.HEAD] : [method];
      const authorizer = route.auth === 'user' ? this.#authorizer : new HttpNoneAuthorizer();
      const made = this.http.addRoutes({ path, methods, integration, authorizer });
      if (route.auth === 'user') continue;
      for (const one of made) {
        acknowledge(
          one,
          'AwsSolutions-APIG4',
          route.auth === 'none'
            ? 'The same public answer for everyone'
            : 'Players may come with a playback token or anonymously; the function checks JWT, token and entitlement itself',
        );
      }
    }
  }
}
