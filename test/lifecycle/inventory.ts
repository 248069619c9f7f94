/** What there is in an account, of every kind our templates make; asked of each service itself, not of CloudFormation. */
import { SignatureV4 } from '@smithy/signature-v4';
import { createHash, createHmac, type Hash, type Hmac } from 'node:crypto';
import { engineClient } from '../../local/engine.ts';

interface Listing {
  readonly service: string;
  /** A GET of this path; or a POST of JSON to `target`, or of a form. */
  readonly path?: string;
  readonly target?: string;
  readonly json?: object;
  readonly form?: string;
  /** Finds each name in the answer. */
  readonly name: RegExp;
}

const cloudFront = (path: string, name = /<Name>([^<]+)<\/Name>/g): Listing => ({
  service: 'cloudfront',
  path: `/2020-05-31/${path}`,
  name,
});

/** Kind → how its names are listed. */
const LISTINGS: Readonly<Record<string, Listing>> = {
  stack: {
    service: 'cloudformation',
    form: 'Action=DescribeStacks&Version=2010-05-15',
    name: /<StackName>([^<]+)</g,
  },
  bucket: { service: 's3', path: '/', name: /<Name>([^<]+)</g },
  table: { service: 'dynamodb', target: 'DynamoDB_20120810.ListTables', name: /"([^"]+)"(?=[,\]])/g },
  'log group': { service: 'logs', target: 'Logs_20140328.DescribeLogGroups', name: /"logGroupName":\s*"([^"]+)"/g },
  queue: { service: 'sqs', target: 'AmazonSQS.ListQueues', name: /\/([^/"]+)"/g },
  secret: { service: 'secretsmanager', target: 'secretsmanager.ListSecrets', name: /"Name":\s*"([^"]+)"/g },
  parameter: { service: 'ssm', target: 'AmazonSSM.DescribeParameters', name: /"Name":\s*"([^"]+)"/g },
  function: { service: 'lambda', path: '/2015-03-31/functions/', name: /"FunctionName":\s*"([^"]+)"/g },
  layer: { service: 'lambda', path: '/2018-10-31/layers', name: /"LayerName":\s*"([^"]+)"/g },
  'event source mapping': {
    service: 'lambda',
    path: '/2015-03-31/event-source-mappings/',
    name: /"UUID":\s*"([^"]+)"/g,
  },
  role: { service: 'iam', form: 'Action=ListRoles&Version=2010-05-08&MaxItems=1000', name: /<RoleName>([^<]+)</g },
  'event rule': { service: 'events', target: 'AWSEvents.ListRules', name: /"Name":\s*"([^"]+)"/g },
  'state machine': {
    service: 'states',
    target: 'AWSStepFunctions.ListStateMachines',
    name: /"stateMachineArn":\s*"([^"]+)"/g,
  },
  'user pool': {
    service: 'cognito-idp',
    target: 'AWSCognitoIdentityProviderService.ListUserPools',
    json: { MaxResults: 60 },
    name: /"Id":\s*"([^"]+)"/g,
  },
  'HTTP API': { service: 'apigateway', path: '/v2/apis', name: /"apiId":\s*"([^"]+)"/g },
  distribution: cloudFront('distribution', /<Id>([^<]+)</g),
  'CloudFront function': cloudFront('function'),
  'cache policy': cloudFront('cache-policy?Type=custom', /<Name>([^<]+)</g),
  'response headers policy': cloudFront('response-headers-policy?Type=custom', /<Name>([^<]+)</g),
  'origin access control': cloudFront('origin-access-control', /<Id>([^<]+)</g),
};

type Source = string | ArrayBuffer | ArrayBufferView;
/** node:crypto in the shape the signer asks for. */
class Sha256 {
  readonly #hash: Hash | Hmac;
  constructor(secret?: Source) {
    this.#hash = secret === undefined ? createHash('sha256') : createHmac('sha256', secret as string | Uint8Array);
  }
  update(data: Uint8Array): void {
    this.#hash.update(data);
  }
  digest(): Promise<Uint8Array> {
    return Promise.resolve(this.#hash.digest());
  }
  reset(): void {}
}

async function ask(endpoint: string, { service, path, target, json = {}, form }: Listing): Promise<string> {
  const { credentials, region } = engineClient(endpoint);
  const signer = new SignatureV4({ service, region, credentials, sha256: Sha256 });
  const url = new URL(path ?? '/', endpoint);
  const body = path === undefined ? (form ?? JSON.stringify(json)) : undefined;
  const sent = await signer.sign({
    method: body === undefined ? 'GET' : 'POST',
    protocol: url.protocol,
    hostname: url.hostname,
    port: Number(url.port),
    path: url.pathname,
    query: Object.fromEntries(url.searchParams),
    headers: {
      host: url.host,
      ...(target !== undefined && { 'x-amz-target': target, 'content-type': 'application/x-amz-json-1.1' }),
      ...(form !== undefined && { 'content-type': 'application/x-www-form-urlencoded' }),
    },
    ...(body !== undefined && { body }),
  });
  const answer = await fetch(url, { method: sent.method, headers: sent.headers, ...(body !== undefined && { body }) });
  const text = await answer.text();
  if (!answer.ok) throw new Error(`${service} ${target ?? path ?? form}: ${answer.status} ${text.slice(0, 300)}`);
  // The answer of one page is all there is: a test account holds little.
  if (/"NextToken":\s*"|<IsTruncated>true/i.test(text)) throw new Error(`${service}: the listing has another page`);
  return text;
}

/** `kind: name` of everything there is. */
export async function inventory(endpoint: string): Promise<Set<string>> {
  const lists = Object.entries(LISTINGS).map(async ([kind, listing]) =>
    [...(await ask(endpoint, listing)).matchAll(listing.name)].map((found) => `${kind}: ${found[1]}`),
  );
  return new Set((await Promise.all(lists)).flat());
}
