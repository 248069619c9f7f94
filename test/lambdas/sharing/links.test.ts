/** Links: made, used, named when they are over, and ended, on a real engine. */
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { CreateSecretCommand, SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { CreateQueueCommand, ReceiveMessageCommand, SQSClient } from '@aws-sdk/client-sqs';
import { DynamoDBDocumentClient, GetCommand, PutCommand, UpdateCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { MAX_LINKS, parseLinkToken } from '../../../lib/contract/link.ts';
import { LONGEST_SIGNATURE_SECONDS } from '../../../lib/contract/options.ts';
import { parseTicket } from '../../../lib/contract/ticket.ts';
import { callRoute, startHandlerEngine, type Call } from '../engine.ts';
import { ID, OTHER_ID, record } from '../playback/fixture.ts';
import { playbackSecret } from '../../support/secret.ts';

const OLGA = { sub: 'olga', groups: ['uploader'] };
const ADMIN = { sub: 'ada', groups: ['admin'] };
const SAM = { sub: 'sam', groups: ['uploader'] };

let close: () => Promise<void>;
let sharing: typeof import('../../../lambdas/sharing/handler.ts').handler;
let playback: typeof import('../../../lambdas/playback/handler.ts').handler;
let table: DynamoDBDocumentClient;
let queue: string;

beforeAll(async () => {
  close = await startHandlerEngine({
    ISSUER: 'https://issuer.test',
    AUDIENCE: 'console',
    SIGNATURE_HOURS: '12',
    TOKEN_MINUTES: '60',
    PUBLIC_URL: 'https://videos.example',
  });
  const made = new CreateSecretCommand({ Name: `links-${process.pid}`, SecretString: playbackSecret().text });
  process.env['SIGNING_SECRET'] = (await new SecretsManagerClient({}).send(made)).ARN;
  const fifo = { QueueName: `links-${process.pid}.fifo`, Attributes: { FifoQueue: 'true' } };
  queue = (await new SQSClient({}).send(new CreateQueueCommand(fifo))).QueueUrl!;
  process.env['REVOCATION_QUEUE'] = queue;
  table = DynamoDBDocumentClient.from(new DynamoDBClient({}), { marshallOptions: { removeUndefinedValues: true } });
  for (const id of [ID, OTHER_ID])
    await table.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record({ id }) }));
  ({ handler: sharing } = await import('../../../lambdas/sharing/handler.ts'));
  ({ handler: playback } = await import('../../../lambdas/playback/handler.ts'));
}, 120_000);
afterAll(() => close());

const links = (as: Call['as'], id = ID) => callRoute(sharing, 'GET /api/videos/{id}/links', { as, params: { id } });
const make = (body: object = {}, as: Call['as'] = OLGA) =>
  callRoute(sharing, 'POST /api/videos/{id}/links', { as, params: { id: ID }, body });
const end = (link: string, as: Call['as'] = OLGA) =>
  callRoute(sharing, 'DELETE /api/videos/{id}/links/{link}', { as, params: { id: ID, link } });

async function play(token: string, id = ID, query: Record<string, string> = {}) {
  const answer = await playback({
    routeKey: 'GET /api/play/{id}/main.m3u8',
    pathParameters: { id },
    queryStringParameters: { token, ...query },
    headers: {},
    requestContext: { requestId: 'r' },
  } as never);
  return { status: answer.statusCode!, body: answer.body ?? '' };
}
const codeOf = ({ body }: { body: string }) => (JSON.parse(body) as { code: string }).code;

describe('a link', () => {
  it('is made by the owner and admins, told once, and listed without what opens', async () => {
    const { status, json } = await make({ name: 'for the press', expiresIn: 3600 });
    expect(status).toBe(201);
    const { token, ...rest } = json;
    expect(parseLinkToken(token)?.id).toBe(json.id);
    expect(Math.abs(Date.parse(json.expiresAt) - Date.now() - 3_600_000)).toBeLessThan(60_000);
    const { json: listed } = await links(ADMIN);
    expect(listed.links).toContainEqual(rest);
    expect(JSON.stringify(listed)).not.toContain(parseLinkToken(token)!.secret);
    const row = { TableName: process.env['LINKS_TABLE'], Key: { videoId: ID, id: json.id } };
    const { Item } = await table.send(new GetCommand(row));
    expect(JSON.stringify(Item)).not.toContain(parseLinkToken(token)!.secret);
    for (const asked of [links(SAM), make({}, SAM), end(json.id, SAM)]) expect((await asked).status).toBe(404);
  });

  it('opens its video, private as it is, without an account, in a session that names it and nobody', async () => {
    const { json } = await make();
    expect(json.expiresAt).toBeUndefined();
    const { status, body } = await play(json.token);
    expect(status).toBe(200);
    const ticket = parseTicket(/\/s\/([^/]+)\//.exec(body)![1]!);
    expect(ticket).toMatchObject({ link: json.id });
    expect(ticket).not.toHaveProperty('subject');
    expect(codeOf(await play(json.token, OTHER_ID))).toBe('link-unknown');
  });

  it('is refused when a character of it is another one, and opens nothing that a token opens', async () => {
    const { token } = (await make()).json as { token: string };
    const codes = new Set<string>();
    for (let at = 0; at < token.length; at += 1) {
      const other = token[at] === 'a' ? 'b' : 'a';
      const changed = `${token.slice(0, at)}${other}${token.slice(at + 1)}`;
      const answer = await play(changed);
      expect([at, answer.status]).toEqual([at, 401]);
      codes.add(codeOf(answer));
    }
    expect([...codes].toSorted()).toEqual(['invalid-token', 'link-unknown']);
    console.log(`${token.length} links with one character changed: ${token.length} refused`);
  });

  it('goes on where every address is signed, until it is ended', async () => {
    const { json } = await make();
    const { body } = await play(json.token, ID, { expand: '1' });
    const [, own] = /token=([^\s"]+)/.exec(body)!;
    const media = async () =>
      await playback({
        routeKey: 'GET /api/play/{id}/{kind}/{playlist}',
        pathParameters: { id: ID, kind: 'video', playlist: '720p.m3u8' },
        queryStringParameters: { token: own },
        headers: {},
        requestContext: { requestId: 'r' },
      } as never);
    // Its right is good; the file is not there in this test.
    expect(codeOf({ body: (await media()).body! })).toBe('not-found');
    expect((await end(json.id)).status).toBe(204);
    expect(codeOf({ body: (await media()).body! })).toBe('link-ended');
    // It renews nothing, either.
    expect(codeOf(await play(own!))).toBe('invalid-token');
  });

  it('that is ended or over says which, and what it began is revoked at the edge', async () => {
    const { json } = await make();
    expect((await end(json.id, ADMIN)).status).toBe(204);
    expect((await end(json.id)).status).toBe(204);
    expect((await end('A'.repeat(16))).status).toBe(204);
    const answer = await play(json.token);
    expect([answer.status, codeOf(answer)]).toEqual([401, 'link-ended']);
    expect((await links(OLGA)).json.links.find((one: { id: string }) => one.id === json.id).endedAt).toBeDefined();
    const revoked = { TableName: process.env['REVOCATIONS_TABLE'], Key: { key: `l:${json.id}` } };
    const { Item } = await table.send(new GetCommand(revoked));
    expect(Math.abs(Item!['until'] - Date.now() / 1000 - LONGEST_SIGNATURE_SECONDS)).toBeLessThan(60);
    const { Messages = [] } = await new SQSClient({}).send(
      new ReceiveMessageCommand({ QueueUrl: queue, MaxNumberOfMessages: 10 }),
    );
    expect(Messages.map(({ Body }) => Body).join('\n')).toContain('"l:');

    const over = (await make({ expiresIn: 300 })).json;
    await table.send(
      new UpdateCommand({
        TableName: process.env['LINKS_TABLE'],
        Key: { videoId: ID, id: over.id },
        UpdateExpression: 'SET goodUntil = :past',
        ExpressionAttributeValues: { ':past': Math.floor(Date.now() / 1000) - 1 },
      }),
    );
    expect(codeOf(await play(over.token))).toBe('link-expired');
    expect(codeOf(await play(`${over.id}.${'A'.repeat(32)}`))).toBe('link-unknown');
  });

  it.each([{ expiresIn: 299 }, { expiresIn: 315_619_201 }, { name: '' }, { password: 'x' }])(
    'is not made of %j',
    async (body) => {
      expect((await make(body)).status).toBe(400);
    },
  );

  it(`is one of ${MAX_LINKS} good ones at most`, async () => {
    const { links: there } = (await links(OLGA)).json as { links: { endedAt?: string; expiresAt?: string }[] };
    const good = there.filter(
      ({ endedAt, expiresAt }) =>
        endedAt === undefined && (expiresAt === undefined || Date.parse(expiresAt) > Date.now()),
    );
    for (let n = good.length; n < MAX_LINKS; n += 1) expect((await make()).status).toBe(201);
    const { status, json } = await make();
    expect([status, json.code]).toEqual([409, 'conflict']);
    await end((await links(OLGA)).json.links[0].id);
    expect((await make()).status).toBe(201);
  });
});
