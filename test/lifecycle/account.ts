/** An account on the engine, with IAM enforced, that one stack is deployed to again and again: the real app, the real CLI. */
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  CloudFormationClient,
  DescribeStacksCommand,
  paginateDescribeStackEvents,
  paginateListStackResources,
} from '@aws-sdk/client-cloudformation';
import { DynamoDBClient, DescribeTableCommand, PutItemCommand, paginateScan } from '@aws-sdk/client-dynamodb';
import { paginateListObjectsV2, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { awsRequest } from '../../local/aws-request.ts';
import { bootstrap, cdkOnEngine, deployStack, forLocalEngine, synthesized } from '../../local/deploy.ts';
import { engineClient, startEngine, type Engine } from '../../local/engine.ts';
import { inventory } from '../../local/inventory.ts';
import type { Template } from '../../local/engine-rules.ts';
import { ensureLayer } from '../../lib/constructs/ffmpeg-layer-cache.ts';
import { hostArch } from '../support/layer.ts';

export const STACK = 'sluice-local-vod';

export type Edit = (template: Template) => Template;

export interface Resource {
  readonly type: string;
  readonly physicalId: string;
}

const templateOf = async (folder: string): Promise<Template> =>
  JSON.parse(await readFile(join(folder, `${STACK}.template.json`), 'utf8')) as Template;

/** The other template, with the code that the functions have in this one. */
const withCodeOf =
  (other: Template): Edit =>
  (bundled) => {
    const copy = structuredClone(other);
    for (const [id, { Type, Properties }] of Object.entries(copy.Resources)) {
      if (Type === 'AWS::Lambda::Function') Properties!['Code'] = bundled.Resources[id]!.Properties!['Code'];
    }
    return copy;
  };

/** What one operation did to the stack. */
export interface Done {
  /** Of the stack at the end; `DELETE_COMPLETE` when there is none. */
  readonly status: string;
  /** Logical ids whose deletion failed, with CloudFormation's reason. */
  readonly notDeleted: readonly string[];
}

export class Account {
  readonly engine: Engine;
  readonly s3: S3Client;
  readonly dynamo: DynamoDBClient;
  readonly #cloudFormation: CloudFormationClient;
  readonly #scratch: string;
  readonly #layer: string;
  readonly #apps = new Map<string, Promise<string>>();
  #folders = 0;
  #events = new Set<string>();

  private constructor(engine: Engine, scratch: string, layer: string) {
    const options = engineClient(engine.endpoint);
    this.engine = engine;
    this.#scratch = scratch;
    this.#layer = layer;
    this.s3 = new S3Client({ ...options, forcePathStyle: true });
    this.dynamo = new DynamoDBClient(options);
    this.#cloudFormation = new CloudFormationClient(options);
  }

  /** With the bootstrap stack in it, and nothing else. */
  static async open(): Promise<Account> {
    const [scratch, layer] = [await mkdtemp(join(tmpdir(), 'sluice-lifecycle-')), await ensureLayer(hostArch)];
    const account = new Account(await startEngine({ iam: true, log: () => {} }), scratch, layer);
    try {
      await bootstrap(await account.app({}), account.#options);
    } catch (error) {
      await account.close();
      throw error;
    }
    return account;
  }

  async close(): Promise<void> {
    await this.engine.close();
    await rm(this.#scratch, { recursive: true, force: true });
  }

  get #options() {
    return { endpoint: this.engine.endpoint };
  }

  /** The app synthesized with these options, and its template edited where the app has no option for it. */
  async app(options: Readonly<Record<string, string>>, ...edits: readonly Edit[]): Promise<string> {
    const all = [...edits];
    if (Object.keys(options).length > 0) all.unshift(withCodeOf(await templateOf(await this.#synthesized(options))));
    const folder = join(this.#scratch, String(this.#folders++));
    const whole = await this.#synthesized({});
    await forLocalEngine(whole, folder, this.#layer, (template) => all.reduce((last, edit) => edit(last), template));
    return folder;
  }

  /** Functions are bundled once: their code does not depend on options. */
  #synthesized(options: Readonly<Record<string, string>>): Promise<string> {
    const key = JSON.stringify(options);
    let folder = this.#apps.get(key);
    if (folder === undefined) {
      const context = { architecture: hostArch, ...options };
      const bundled = Object.keys(options).length === 0;
      folder = synthesized({ ...this.#options, ffmpegLayer: this.#layer, context, bundled, log: () => {} });
      this.#apps.set(key, folder);
    }
    return folder;
  }

  /** Deploys; a deploy that fails is an answer as good as any. */
  deploy = (app: string): Promise<Done> => this.#done(deployStack(STACK, app, this.#options));

  destroy = (app: string): Promise<Done> =>
    this.#done(cdkOnEngine(['destroy', STACK, '--app', app, '--exclusively', '--force'], this.#options));

  async #done(operation: Promise<void>): Promise<Done> {
    const said = await operation.then(
      () => '',
      (error: unknown) => String(error),
    );
    const { status, reason } = await this.#status();
    // What the CLI could not even begin leaves the stack as it was.
    if (said !== '' && !/FAILED|ROLLBACK/.test(status)) throw new Error(`${status} ${reason}\n${said}`);
    return { status, notDeleted: await this.#notDeleted() };
  }

  async #status(): Promise<{ status: string; reason: string }> {
    try {
      const { Stacks } = await this.#cloudFormation.send(new DescribeStacksCommand({ StackName: STACK }));
      return { status: Stacks?.[0]?.StackStatus ?? '', reason: Stacks?.[0]?.StackStatusReason ?? '' };
    } catch (error) {
      if (/does not exist/.test(String(error))) return { status: 'DELETE_COMPLETE', reason: '' };
      throw error;
    }
  }

  /** Of the events since the last operation. */
  async #notDeleted(): Promise<string[]> {
    const failed: string[] = [];
    for await (const { StackEvents = [] } of this.#pages()) {
      for (const event of StackEvents) {
        if (this.#events.has(event.EventId!)) continue;
        this.#events.add(event.EventId!);
        if (event.ResourceStatus === 'DELETE_FAILED')
          failed.push(`${event.LogicalResourceId}: ${event.ResourceStatusReason}`);
      }
    }
    return failed;
  }

  async *#pages() {
    try {
      yield* paginateDescribeStackEvents({ client: this.#cloudFormation }, { StackName: STACK });
    } catch (error) {
      if (!/does not exist/.test(String(error))) throw error;
    }
  }

  /** Logical id → what stands behind it. */
  async resources(): Promise<Map<string, Resource>> {
    const found = new Map<string, Resource>();
    const pages = paginateListStackResources({ client: this.#cloudFormation }, { StackName: STACK });
    for await (const { StackResourceSummaries = [] } of pages) {
      for (const one of StackResourceSummaries) {
        // What could not be deleted after an update is no longer the stack's on AWS; the engine still lists it.
        if (one.ResourceStatus === 'DELETE_FAILED') continue;
        found.set(one.LogicalResourceId!, { type: one.ResourceType!, physicalId: one.PhysicalResourceId! });
      }
    }
    return found;
  }

  /** `kind: name` of everything there is. */
  async inventory(): Promise<Set<string>> {
    const things = await inventory(engineClient(this.engine.endpoint));
    return new Set(things.map(({ kind, name }) => `${kind}: ${name}`));
  }

  /** Log groups that were made at `since`, epoch ms, or later. */
  async logGroupsSince(since: number): Promise<string[]> {
    const names: string[] = [];
    for (let nextToken: string | undefined, isMore = true; isMore; isMore = nextToken !== undefined) {
      const text = await awsRequest(engineClient(this.engine.endpoint), {
        service: 'logs',
        target: 'Logs_20140328.DescribeLogGroups',
        json: { nextToken },
      });
      const page = JSON.parse(text) as {
        logGroups: { logGroupName: string; creationTime: number }[];
        nextToken?: string;
      };
      const made = page.logGroups.filter(({ creationTime }) => creationTime >= since);
      names.push(...made.map(({ logGroupName }) => logGroupName));
      ({ nextToken } = page);
    }
    return names;
  }

  /** Puts `count` small objects under `prefix`. */
  async putObjects(bucket: string, prefix: string, count: number): Promise<void> {
    for (let at = 0; at < count; at += 25) {
      const some = Array.from({ length: Math.min(25, count - at) }, (_, i) => `${prefix}${at + i}`);
      await Promise.all(some.map((Key) => this.s3.send(new PutObjectCommand({ Bucket: bucket, Key, Body: Key }))));
    }
  }

  /** Puts one item, whatever the table's key is. */
  async putItem(table: string, text: string): Promise<void> {
    const { Table } = await this.dynamo.send(new DescribeTableCommand({ TableName: table }));
    const types = new Map(Table!.AttributeDefinitions!.map((one) => [one.AttributeName, one.AttributeType]));
    const Item = Object.fromEntries(
      Table!.KeySchema!.map(({ AttributeName: name }) => [name!, types.get(name) === 'N' ? { N: '1' } : { S: text }]),
    );
    await this.dynamo.send(new PutItemCommand({ TableName: table, Item }));
  }

  /** Bucket or table → every key in it. */
  async contents(names: readonly string[]): Promise<Record<string, string[]>> {
    const lists = names.map(async (name) => [name, await this.#keys(name)] as const);
    return Object.fromEntries(await Promise.all(lists));
  }

  async #keys(name: string): Promise<string[]> {
    const keys: string[] = [];
    // Tables' generated names have capitals, which no bucket's may have.
    if (/[A-Z]/.test(name)) {
      for await (const { Items = [] } of paginateScan({ client: this.dynamo }, { TableName: name }))
        // Without rows of the index of words, which follow the videos a moment later.
        keys.push(...Items.map((item) => JSON.stringify(item)).filter((text) => !text.includes('"id":"\\u001f')));
    } else {
      for await (const { Contents = [] } of paginateListObjectsV2({ client: this.s3 }, { Bucket: name }))
        keys.push(...Contents.map((object) => `${object.Key} ${object.ETag}`));
    }
    return keys.toSorted();
  }
}
