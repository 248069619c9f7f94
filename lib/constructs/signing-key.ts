/**
 * The keys that sign playback, and CloudFront's group of those it trusts. One function makes and turns both, at a deploy, by a
 * rule and by command: a key group that CloudFormation wrote, too, would be two hands on one list, and CloudFormation changes
 * nothing of a public key but its comment. So the template knows the group's id and never what is in it. Private halves are
 * written to Secrets Manager by the function itself and never pass through the template, an output or a log.
 */
import { CfnOutput, CustomResource, Duration, Stack } from 'aws-cdk-lib';
import { KeyGroup, type IKeyGroup } from 'aws-cdk-lib/aws-cloudfront';
import { Rule, RuleTargetInput, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { edgeName } from './edge-names.ts';
import { SluiceFunction } from './function.ts';
import { acknowledge } from './nag.ts';
import { removalOf } from './removal.ts';

/** Of public keys and key groups; CloudFront knows no resource for them (Service Authorization Reference). */
const KEY_ACTIONS = [
  'CreatePublicKey',
  'GetPublicKey',
  'DeletePublicKey',
  'ListPublicKeys',
  'CreateKeyGroup',
  'GetKeyGroup',
  'UpdateKeyGroup',
  'DeleteKeyGroup',
  'ListKeyGroups',
];

export class SigningKey extends Construct {
  /** JSON of `signingSecret` (lib/contract/signing.ts). */
  readonly secret: Secret;
  readonly keyGroup: IKeyGroup;
  readonly #keys: CustomResource;
  readonly #signers: SluiceFunction[] = [];
  #publicUrl: string | undefined;

  constructor(scope: Construct, id: string, config: Config) {
    super(scope, id);
    this.secret = new Secret(this, 'Private', {
      description: 'Private keys of playback signatures and tokens',
      removalPolicy: removalOf(config),
    });
    acknowledge(
      this.secret,
      'AwsSolutions-SMG4',
      'The function that makes the keys turns them every day that it is due (playback.keyDays), with a time of both',
    );
    const KEY_GROUP = edgeName(this, 'Keys');
    const maker = new SluiceFunction(this, 'Maker', {
      config,
      entry: 'playback/signing-key.ts',
      description: 'Makes the keys of playback, and lets the next ones sign when it is their turn',
      timeout: Duration.minutes(2),
      environment: { KEY_GROUP, KEY_DAYS: String(config.playback.keyDays) },
    })
      .useSecret('SIGNING_SECRET', this.secret)
      .allow(['secretsmanager:PutSecretValue'], [this.secret.secretArn])
      .allow(
        KEY_ACTIONS.map((action) => `cloudfront:${action}`),
        ['*'],
        'CloudFront knows no resource for public keys and key groups',
      );
    this.#keys = new CustomResource(this, 'Pair', {
      serviceToken: maker.functionArn,
      resourceType: 'Custom::SluiceSigningKey',
      // Told so that an update from a version that had no group of its own calls the function.
      properties: { KeyGroup: KEY_GROUP },
    });
    this.keyGroup = KeyGroup.fromKeyGroupId(this, 'Group', this.#keys.getAttString('KeyGroupId'));
    new Rule(this, 'Daily', {
      description: 'Lets the next keys of playback sign when it is their turn',
      schedule: Schedule.rate(Duration.days(1)),
      targets: [new LambdaFunction(maker, { event: RuleTargetInput.fromObject({}) })],
    });
    new CfnOutput(Stack.of(this), 'KeysFunction', {
      value: maker.functionName,
      description: 'Function to invoke for new keys of playback (docs/playback.md)',
    });
  }

  /** Lets `fn` sign: variables `SIGNING_SECRET` and `PUBLIC_URL`, and the right to read the secret. */
  allowSigning(fn: SluiceFunction): void {
    fn.useSecret('SIGNING_SECRET', this.secret);
    // Its code reads the secret as the function that makes it writes it in the same version.
    fn.node.addDependency(this.#keys);
    this.#signers.push(fn);
    if (this.#publicUrl !== undefined) fn.addEnvironment('PUBLIC_URL', this.#publicUrl);
  }

  /** Says under which address signatures are good; functions that may sign already are told too. */
  servedAt(publicUrl: string): void {
    this.#publicUrl = publicUrl;
    for (const fn of this.#signers) fn.addEnvironment('PUBLIC_URL', publicUrl);
  }
}
