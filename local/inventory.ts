/**
 * What there is in an account, of every kind our templates make: asked of each service itself and not of CloudFormation,
 * which forgets what it could not delete or was told to retain.
 */
import { awsRequest, type AwsAccess, type AwsCall } from './aws-request.ts';

interface Listing extends AwsCall {
  /** Finds each name, or id where there is no name, in the answer. */
  readonly name: RegExp;
  /** Finds what the next page is asked with, and where that goes in the request. */
  readonly next?: readonly [found: RegExp, parameter: string];
  /** Shell command that removes one; `{}` is its name. */
  readonly remove: string;
  /** Only with the live stack's network, which engines only pretend to have. */
  readonly network?: boolean;
}

export interface Thing {
  readonly kind: string;
  readonly name: string;
}

const json = (
  service: string,
  target: string,
  field: string,
  token: string,
  remove: string,
  more: object = {},
): Listing => ({
  service,
  target,
  json: more,
  name: new RegExp(`"${field}":\\s*"([^"]+)"`, 'g'),
  next: [new RegExp(`"${token}":\\s*"([^"]+)"`), token],
  remove,
});
const query = (service: string, Action: string, Version: string, tag: string, remove: string): Listing => ({
  service,
  form: { Action, Version },
  name: new RegExp(`<${tag}>([^<]+)</${tag}>`, 'g'),
  next: [
    /<(?:NextToken|NextMarker|Marker|nextToken)>([^<]+)</,
    service === 'cloudformation' || service === 'ec2' ? 'NextToken' : 'Marker',
  ],
  remove,
});
const cloudFront = (path: string, remove: string, tag = 'Name'): Listing => ({
  service: 'cloudfront',
  path: `/2020-05-31/${path}`,
  query: { MaxItems: '100', ...(path.endsWith('policy') && { Type: 'custom' }) },
  name: new RegExp(`<${tag}>([^<]+)</${tag}>`, 'g'),
  next: [/<NextMarker>([^<]+)</, 'Marker'],
  remove,
});

const LISTINGS: Readonly<Record<string, Listing>> = {
  stack: query(
    'cloudformation',
    'DescribeStacks',
    '2010-05-15',
    'StackName',
    'aws cloudformation delete-stack --stack-name {}',
  ),
  bucket: { service: 's3', path: '/', name: /<Name>([^<]+)</g, remove: 'aws s3 rb --force s3://{}' },
  table: {
    service: 'dynamodb',
    target: 'DynamoDB_20120810.ListTables',
    name: /"([^"]+)"(?=[,\]])/g,
    next: [/"LastEvaluatedTableName":\s*"([^"]+)"/, 'ExclusiveStartTableName'],
    remove: 'aws dynamodb delete-table --table-name {}',
  },
  'log group': json(
    'logs',
    'Logs_20140328.DescribeLogGroups',
    'logGroupName',
    'nextToken',
    'aws logs delete-log-group --log-group-name {}',
  ),
  queue: {
    service: 'sqs',
    target: 'AmazonSQS.ListQueues',
    json: { MaxResults: 1000 },
    name: /\/([^/"]+)"/g,
    next: [/"NextToken":\s*"([^"]+)"/, 'NextToken'],
    remove:
      'aws sqs delete-queue --queue-url "$(aws sqs get-queue-url --queue-name {} --query QueueUrl --output text)"',
  },
  alarm: json(
    'monitoring',
    'GraniteServiceVersion20100801.DescribeAlarms',
    'AlarmName',
    'NextToken',
    'aws cloudwatch delete-alarms --alarm-names {}',
  ),
  secret: json(
    'secretsmanager',
    'secretsmanager.ListSecrets',
    'Name',
    'NextToken',
    'aws secretsmanager delete-secret --force-delete-without-recovery --secret-id {}',
  ),
  parameter: json('ssm', 'AmazonSSM.DescribeParameters', 'Name', 'NextToken', 'aws ssm delete-parameter --name {}'),
  function: {
    service: 'lambda',
    path: '/2015-03-31/functions/',
    name: /"FunctionName":\s*"([^"]+)"/g,
    next: [/"NextMarker":\s*"([^"]+)"/, 'Marker'],
    remove: 'aws lambda delete-function --function-name {}',
  },
  layer: {
    service: 'lambda',
    path: '/2018-10-31/layers',
    name: /"LayerName":\s*"([^"]+)"/g,
    next: [/"NextMarker":\s*"([^"]+)"/, 'Marker'],
    remove: 'aws lambda list-layer-versions --layer-name {}   # then delete-layer-version of each',
  },
  'event source mapping': {
    service: 'lambda',
    path: '/2015-03-31/event-source-mappings/',
    name: /"UUID":\s*"([^"]+)"/g,
    next: [/"NextMarker":\s*"([^"]+)"/, 'Marker'],
    remove: 'aws lambda delete-event-source-mapping --uuid {}',
  },
  role: query(
    'iam',
    'ListRoles',
    '2010-05-08',
    'RoleName',
    'aws iam delete-role --role-name {}   # its policies first',
  ),
  'event rule': json(
    'events',
    'AWSEvents.ListRules',
    'Name',
    'NextToken',
    'aws events delete-rule --name {}   # its targets first',
  ),
  'state machine': json(
    'states',
    'AWSStepFunctions.ListStateMachines',
    'stateMachineArn',
    'nextToken',
    'aws stepfunctions delete-state-machine --state-machine-arn {}',
  ),
  'user pool': json(
    'cognito-idp',
    'AWSCognitoIdentityProviderService.ListUserPools',
    'Id',
    'NextToken',
    'aws cognito-idp delete-user-pool --user-pool-id {}',
    { MaxResults: 60 },
  ),
  'HTTP API': {
    service: 'apigateway',
    path: '/v2/apis',
    name: /"apiId":\s*"([^"]+)"/g,
    next: [/"nextToken":\s*"([^"]+)"/, 'nextToken'],
    remove: 'aws apigatewayv2 delete-api --api-id {}',
  },
  distribution: cloudFront(
    'distribution',
    'aws cloudfront delete-distribution --id {}   # disable it first; --if-match its ETag',
    'Id',
  ),
  'key group': cloudFront('key-group', 'aws cloudfront delete-key-group --id ID   # of {}; --if-match its ETag'),
  'public key': cloudFront('public-key', 'aws cloudfront delete-public-key --id ID   # of {}; --if-match its ETag'),
  'CloudFront function': cloudFront('function', 'aws cloudfront delete-function --name {}   # --if-match its ETag'),
  'key value store': cloudFront(
    'key-value-store',
    'aws cloudfront delete-key-value-store --name {}   # --if-match its ETag',
  ),
  'cache policy': cloudFront(
    'cache-policy',
    'aws cloudfront delete-cache-policy --id ID   # of {}; --if-match its ETag',
  ),
  'origin request policy': cloudFront(
    'origin-request-policy',
    'aws cloudfront delete-origin-request-policy --id ID   # of {}; --if-match its ETag',
  ),
  'response headers policy': cloudFront(
    'response-headers-policy',
    'aws cloudfront delete-response-headers-policy --id ID   # of {}',
  ),
  'origin access control': cloudFront(
    'origin-access-control',
    'aws cloudfront delete-origin-access-control --id ID   # of {}',
  ),
  'ECS cluster': {
    ...json(
      'ecs',
      'AmazonEC2ContainerServiceV20141113.ListClusters',
      '',
      'nextToken',
      'aws ecs delete-cluster --cluster {}   # its services first',
    ),
    name: /"(arn:[^"]+:cluster\/[^"]+)"/g,
    network: true,
  },
  'load balancer': {
    ...query(
      'elasticloadbalancing',
      'DescribeLoadBalancers',
      '2015-12-01',
      'LoadBalancerArn',
      'aws elbv2 delete-load-balancer --load-balancer-arn {}',
    ),
    network: true,
  },
  VPC: { ...query('ec2', 'DescribeVpcs', '2016-11-15', 'vpcId', 'aws ec2 delete-vpc --vpc-id {}'), network: true },
};

/** Pages of one kind; an account with more of it is no throw-away one. */
const PAGES = 50;

/** Everything there is of those kinds. */
export async function inventory(access: AwsAccess): Promise<Thing[]> {
  const kinds = Object.entries(LISTINGS).filter(([, { network }]) => access.endpoint === undefined || !network);
  const lists = kinds.map(async ([kind, listing]) => (await names(access, listing)).map((name) => ({ kind, name })));
  return (await Promise.all(lists)).flat();
}

async function names(access: AwsAccess, { name, next, ...call }: Listing): Promise<string[]> {
  const found: string[] = [];
  let more: Record<string, string> = {};
  for (let page = 0; page < PAGES; page += 1) {
    const text = await awsRequest(access, {
      service: call.service,
      ...(call.path !== undefined && { path: call.path, query: { ...call.query, ...more } }),
      ...(call.target !== undefined && { target: call.target, json: { ...call.json, ...more } }),
      ...(call.form && { form: { ...call.form, ...more } }),
    });
    found.push(...[...text.matchAll(name)].map((match) => match[1]!));
    const token = next?.[0].exec(text)?.[1];
    if (next === undefined || token === undefined) break;
    more = { [next[1]]: token };
  }
  return [...new Set(found)];
}

/** How one of them is removed by hand. */
export const removal = ({ kind, name }: Thing): string => LISTINGS[kind]!.remove.replace('{}', name);
