/**
 * The key pair that signs playback. A custom resource makes it at deploy; the private half is written to Secrets Manager
 * by the function itself and never passes through the template, an output or a log.
 */
import { CustomResource } from 'aws-cdk-lib';
import { KeyGroup, PublicKey, type CfnPublicKey } from 'aws-cdk-lib/aws-cloudfront';
import { Secret } from 'aws-cdk-lib/aws-secretsmanager';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { edgeName } from './edge-names.ts';
import { SluiceFunction } from './function.ts';
import { acknowledge } from './nag.ts';
import { removalOf } from './removal.ts';

export class SigningKey extends Construct {
  /** JSON of `signingSecret` (lib/contract/signing.ts). */
  readonly secret: Secret;
  readonly publicKey: PublicKey;
  readonly keyGroup: KeyGroup;
  readonly #pair: CustomResource;
  readonly #signers: SluiceFunction[] = [];
  #publicUrl: string | undefined;

  constructor(scope: Construct, id: string, config: Config) {
    super(scope, id);
    this.secret = new Secret(this, 'Private', {
      description: 'Private key of playback signatures and the secret of playback tokens',
      removalPolicy: removalOf(config),
    });
    acknowledge(
      this.secret,
      'AwsSolutions-SMG4',
      'A new key pair is a new key in the key group, with a time of both: a deploy, not a timer',
    );
    const maker = new SluiceFunction(this, 'Maker', {
      config,
      entry: 'playback/signing-key.ts',
      description: 'Makes the playback key pair',
    })
      .useSecret('SIGNING_SECRET', this.secret)
      .allow(['secretsmanager:PutSecretValue'], [this.secret.secretArn]);
    const pair = new CustomResource(this, 'Pair', {
      serviceToken: maker.functionArn,
      resourceType: 'Custom::SluiceSigningKey',
      // Another one has the function called on an update, which then adds what a secret of an earlier version lacks.
      properties: { Holds: 'token-keys' },
    });
    this.#pair = pair;
    this.publicKey = this.#public(pair.getAttString('PublicKey'));
    this.keyGroup = new KeyGroup(this, 'Group', { keyGroupName: edgeName(this, 'Group'), items: [this.publicKey] });
  }

  /**
   * CloudFront changes nothing of a public key but its comment (UpdatePublicKey), and CloudFormation does not replace it by
   * itself: another name, reference or key needs another logical id here. The key group turns to the new one before the old
   * one goes.
   */
  #public(encodedKey: string): PublicKey {
    const publicKeyName = edgeName(this, 'PublicKey');
    const made = new PublicKey(this, 'PublicKey', { publicKeyName, encodedKey });
    // As global as the name: the same from a second region would be taken for the same request once more.
    (made.node.defaultChild as CfnPublicKey).addPropertyOverride('PublicKeyConfig.CallerReference', publicKeyName);
    return made;
  }

  /** Lets `fn` sign: variables `SIGNING_SECRET`, `KEY_PAIR_ID` and `PUBLIC_URL`, and the right to read the secret. */
  allowSigning(fn: SluiceFunction): void {
    fn.useSecret('SIGNING_SECRET', this.secret);
    fn.addEnvironment('KEY_PAIR_ID', this.publicKey.publicKeyId);
    // Its code reads the secret as the pair's function of the same version writes it.
    fn.node.addDependency(this.#pair);
    this.#signers.push(fn);
    if (this.#publicUrl !== undefined) fn.addEnvironment('PUBLIC_URL', this.#publicUrl);
  }

  /** Says under which address signatures are good; functions that may sign already are told too. */
  servedAt(publicUrl: string): void {
    this.#publicUrl = publicUrl;
    for (const fn of this.#signers) fn.addEnvironment('PUBLIC_URL', publicUrl);
  }
}
