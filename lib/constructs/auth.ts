/** Who signs people in: the OIDC issuer of the configuration, or a Cognito user pool made here when none is given. */
import { Aws, Lazy } from 'aws-cdk-lib';
import { CfnUserPoolGroup, FeaturePlan, OAuthScope, UserPool } from 'aws-cdk-lib/aws-cognito';
import { Construct } from 'constructs';
import type { Config } from '../config.ts';
import { acknowledge } from './nag.ts';
import { removalOf } from './removal.ts';

export class Auth extends Construct {
  readonly issuer: string;
  /** What a token's `aud`, or `client_id` where there is no `aud`, must say. */
  readonly audience: string;
  readonly clientId: string;
  #consoleUrl = '';

  constructor(scope: Construct, id: string, config: Config) {
    super(scope, id);
    const { issuer, audience, clientId } = config.auth;
    if (issuer !== undefined && audience !== undefined && clientId !== undefined) {
      this.issuer = issuer;
      this.audience = audience;
      this.clientId = clientId;
      return;
    }
    const pool = new UserPool(this, 'Users', {
      selfSignUpEnabled: false,
      signInAliases: { email: true },
      featurePlan: FeaturePlan.ESSENTIALS,
      passwordPolicy: {
        minLength: 12,
        requireLowercase: true,
        requireUppercase: true,
        requireDigits: true,
        requireSymbols: true,
      },
      removalPolicy: removalOf(config),
    });
    acknowledge(
      pool,
      'AwsSolutions-COG2',
      'Whether people need a second factor is for the owner of the account to choose in Cognito',
    );
    acknowledge(
      pool,
      'AwsSolutions-COG3',
      'Threat protection is the paid Plus plan; turn it on in Cognito where wanted',
    );
    acknowledge(pool, 'AwsSolutions-COG8', 'The Plus plan costs by active user; the Essentials plan is the default');
    for (const group of ['admin', 'uploader'])
      new CfnUserPoolGroup(this, `Group-${group}`, { userPoolId: pool.userPoolId, groupName: group });
    pool.addDomain('Domain', {
      cognitoDomain: { domainPrefix: `${config.name}-${config.environment}-${Aws.ACCOUNT_ID}` },
    });
    const client = pool.addClient('Console', {
      authFlows: { userSrp: true },
      oAuth: {
        flows: { authorizationCodeGrant: true },
        scopes: [OAuthScope.OPENID, OAuthScope.PROFILE, OAuthScope.EMAIL],
        callbackUrls: [Lazy.string({ produce: () => `${this.#consoleUrl}/` })],
        logoutUrls: [Lazy.string({ produce: () => `${this.#consoleUrl}/` })],
      },
      preventUserExistenceErrors: true,
    });
    this.issuer = pool.userPoolProviderUrl;
    this.audience = client.userPoolClientId;
    this.clientId = client.userPoolClientId;
  }

  /** Where the console is: the only address a sign-in may return to. Known once the distribution is made. */
  returnsTo(consoleUrl: string): void {
    this.#consoleUrl = consoleUrl;
  }
}
