/** The edge for one local deployment: configured from the original template, resolved with what the engine made of it. */
import { CloudFrontClient, DescribeKeyValueStoreCommand, ListKeyGroupsCommand } from '@aws-sdk/client-cloudfront';
import { watchKeyGroup } from './edge/key-groups.ts';
import { startEdge, type Edge } from './edge/server.ts';
import { readTemplate } from './edge/template.ts';
import { createResolver, type DeployedResource } from './edge/resolve.ts';
import type { Deployment } from './deploy.ts';
import { engineClient } from './engine.ts';

export type { Edge } from './edge/server.ts';

export async function startEdgeFor(
  { template, physicalIds }: Deployment,
  endpoint: string,
  port: number,
  log: (line: string) => void,
  country?: (ip: string) => string | undefined,
): Promise<Edge> {
  const { region, credentials } = engineClient(endpoint);

  const client = new CloudFrontClient({ endpoint, region, credentials });
  const resources: Record<string, DeployedResource> = {};
  for (const [logicalId, physicalId] of Object.entries(physicalIds)) resources[logicalId] = { physicalId };
  let keyGroup: string | undefined;
  for (const [logicalId, { Type, Properties }] of Object.entries(template.Resources)) {
    const physicalId = physicalIds[logicalId];
    if (physicalId === undefined) continue;
    if (Type === 'AWS::S3::Bucket') {
      const attributes = {
        Arn: `arn:aws:s3:::${physicalId}`,
        DomainName: `${physicalId}.s3.amazonaws.com`,
        RegionalDomainName: `${physicalId}.s3.${region}.amazonaws.com`,
      };
      resources[logicalId] = { physicalId, attributes };
    }
    if (Type === 'AWS::CloudFront::KeyValueStore') {
      // On AWS its Ref is its name, too, and an id of its own stands in the ARN.
      const { KeyValueStore } = await client.send(new DescribeKeyValueStoreCommand({ Name: physicalId }));
      resources[logicalId] = { physicalId, attributes: { Arn: KeyValueStore?.ARN ?? '' } };
    }
    if (Type === KEYS) {
      keyGroup = await keyGroupOf(Properties ?? {}, region, client);
      resources[logicalId] = { physicalId, attributes: { KeyGroupId: keyGroup } };
    }
  }
  if (keyGroup === undefined) throw new Error('the deployed stack has no keys');
  const watched = await watchKeyGroup({ engineEndpoint: endpoint, region, credentials, groupId: keyGroup, log });
  try {
    const config = readTemplate(template, {
      resources,
      parameters: { 'AWS::Region': region },
      keyGroups: { [keyGroup]: watched.keys },
    });
    const edge = await startEdge({
      config,
      engineEndpoint: endpoint,
      apiBase: `${endpoint}/_aws/execute-api/{apiId}/$default`,
      credentials,
      port,
      log,
      ...(country && { country }),
    });
    return {
      ...edge,
      close: async () => {
        await watched.stop();
        await edge.close();
      },
    };
  } catch (error) {
    await watched.stop();
    throw error;
  }
}

/** The resource that makes the group (lib/constructs/signing-key.ts). */
const KEYS = 'Custom::SluiceSigningKey';

/** CloudFormation tells nobody a custom resource's attributes, so the group is found by the name that it was given. */
async function keyGroupOf(
  properties: Readonly<Record<string, unknown>>,
  region: string,
  client: CloudFrontClient,
): Promise<string> {
  const name = createResolver({ resources: {}, parameters: { 'AWS::Region': region } })(properties['KeyGroup']);
  const { KeyGroupList } = await client.send(new ListKeyGroupsCommand({}));
  const found = KeyGroupList?.Items?.find(({ KeyGroup }) => KeyGroup?.KeyGroupConfig?.Name === name);
  if (found?.KeyGroup?.Id === undefined) throw new Error(`the engine has no key group ${name}`);
  return found.KeyGroup.Id;
}
