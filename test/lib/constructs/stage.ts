/** A stack with what every stage is given, for synthesizing one stage alone. Nothing is bundled. */
import { App, Stack, Validations } from 'aws-cdk-lib';
import { AwsSolutionsChecks } from 'cdk-nag';
import type { Config } from '../../../lib/config.ts';
import { readConfig } from '../../../lib/config.ts';
import { Api } from '../../../lib/constructs/api.ts';
import { Auth } from '../../../lib/constructs/auth.ts';
import { Revocation } from '../../../lib/constructs/revocation.ts';
import { Storage } from '../../../lib/constructs/storage.ts';

export interface StageScope {
  readonly stack: Stack;
  readonly config: Config;
  readonly storage: Storage;
  readonly api: Api;
  readonly revocation: Revocation;
}

/** Findings of the AwsSolutions pack fail `Template.fromStack`. */
export function stageScope(overrides: Readonly<Record<string, unknown>> = {}): StageScope {
  const app = new App({ context: { 'aws:cdk:bundling-stacks': [] } });
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
  const stack = new Stack(app, 'Test');
  const context = { env: 'test', environments: { test: {} } };
  const config = readConfig((key) => context[key as keyof typeof context], overrides);
  const storage = new Storage(stack, 'Storage', config);
  const api = new Api(stack, 'Api', { config, auth: new Auth(stack, 'Auth', config), storage });
  const revocation = new Revocation(stack, 'Revocation', { config, storage });
  return { stack, config, storage, api, revocation };
}

interface Statement {
  Action: string | string[];
  Resource: unknown;
  Condition?: unknown;
}

/** Action → resources (as JSON text) of the policy on the role whose logical id contains `role`. */
export function grantsOf(template: { findResources(type: string): Record<string, unknown> }, role: string) {
  const grants = new Map<string, string[]>();
  for (const policy of Object.values(template.findResources('AWS::IAM::Policy'))) {
    const { Roles, PolicyDocument } = (
      policy as { Properties: { Roles: { Ref: string }[]; PolicyDocument: { Statement: Statement[] } } }
    ).Properties;
    if (!Roles.some(({ Ref }) => Ref.includes(role))) continue;
    for (const { Action, Resource } of PolicyDocument.Statement) {
      for (const action of [Action].flat())
        grants.set(action, [...(grants.get(action) ?? []), ...[Resource].flat().map((one) => JSON.stringify(one))]);
    }
  }
  return grants;
}
