/** `npm run erase`: takes a person out of what players reported. */
import { parseArgs } from 'node:util';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { S3Client } from '@aws-sdk/client-s3';
import { GetSecretValueCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient } from '@aws-sdk/lib-dynamodb';
import { openDeployment } from '../deployment.ts';
import { erase, pseudonymFor } from '../erase.ts';

const HELP = `npm run erase -- --subject SUB [options]

Says what there is of a person in what players reported, and with --go takes it out: of the rows of what was counted, of the files
of raw events, and of what still waits in queues; and tells Kafka, where there is one. Figures stay as they are. Says at the end what it does not reach.

  --subject SUB      the \`sub\` of the person's token; of a person whom a registered key names, "key KID SUB"
  --go               erase; without it nothing is touched
  --stack NAME       the stack (default: sluice-prod-vod), in the account and region of your shell's AWS credentials
  --region NAME      another region
  --ready-file FILE  of a local platform instead, as \`npm start\` wrote it
  -h, --help         this text

It reads the playback secret and the table of heatmaps, since only their keys tell which pseudonym is whose. It takes two minutes
and what the files take, some 50 a second; stopped half-way it is to be run again.

Exit code: 0 when nothing is left, 1 when something is, 2 when the command makes no sense.`;

/** Longer than a consumer of reports may run (lib/constructs/insight.ts). */
const SETTLE_MS = 130_000;

class UsageError extends Error {}

function parsed() {
  try {
    return parseArgs({
      options: {
        subject: { type: 'string' },
        go: { type: 'boolean', default: false },
        stack: { type: 'string' },
        region: { type: 'string' },
        'ready-file': { type: 'string' },
        help: { type: 'boolean', short: 'h', default: false },
      },
    }).values;
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

const stop = new AbortController();
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
const say = (line: string) => process.stdout.write(`${line}\n`);

async function main(): Promise<number> {
  const values = parsed();
  if (values.help) {
    say(HELP);
    return 0;
  }
  const { subject, go } = values;
  if (subject === undefined || subject === '') throw new UsageError('Whom? --subject SUB.');
  const { options, stack, engine, find } = await openDeployment(values);
  const named = (type: string, logicalId: string): string => {
    const found = find(type, logicalId);
    if (found === undefined) throw new Error(`${stack} has no ${logicalId}: is it of this version?`);
    return found;
  };
  const queue = find('AWS::SQS::Queue', 'InsightOrdered');
  const places = {
    kafka: queue === undefined ? undefined : { sqs: new SQSClient(options), queue },
    dynamo: DynamoDBDocumentClient.from(new DynamoDBClient(options)),
    s3: new S3Client({ ...options, ...(engine !== undefined && { forcePathStyle: true }) }),
    table: named('AWS::DynamoDB::Table', 'InsightHeatmaps'),
    bucket: named('AWS::S3::Bucket', 'InsightRawFiles'),
  };
  const { SecretString = '' } = await new SecretsManagerClient(options).send(
    new GetSecretValueCommand({ SecretId: named('AWS::SecretsManager::Secret', 'SigningKeyPrivate') }),
  );
  const viewer = await pseudonymFor(places, SecretString, subject);
  if (viewer === undefined) {
    say('Nobody has a pseudonym here: nothing was reported yet, or their key was deleted, and they are nobody’s.');
    return 0;
  }
  say(`pseudonym: ${viewer}`);
  const { rows, events, failed } = await erase(places, viewer, { go, settleMs: SETTLE_MS, say, signal: stop.signal });
  for (const one of failed) say(`not looked into: ${one}`);
  if (!go && rows + events > 0) say('Nothing was erased: say --go for that.');
  if (go)
    say(
      'Not reached: answers of queries in answers/ (gone after 7 days), DynamoDB’s backup of the last 35 days, records in Kafka (who keeps them is told), and whatever was copied elsewhere. Grants, sessions and the log of changes are not of this: docs/insight.md, "Erasing somebody".',
    );
  return failed.length > 0 || (!go && rows + events > 0) ? 1 : 0;
}

try {
  process.exitCode = await main();
} catch (error) {
  if (error instanceof UsageError) process.stderr.write(`${error.message}\n\n${HELP}\n`);
  else process.stderr.write(`${(error as Error).message}\n`);
  process.exitCode = error instanceof UsageError ? 2 : 1;
}
