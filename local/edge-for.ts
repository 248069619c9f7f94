/** The edge for one local deployment: configured from the original template, resolved with what the engine made of it. */
import { CloudFrontClient, DescribeKeyValueStoreCommand } from '@aws-sdk/client-cloudfront';
import { GetParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { startEdge, type Edge } from './edge/server.ts';
import { readTemplate } from './edge/template.ts';
import type { DeployedResource } from './edge/resolve.ts';
import type { Deployment } from './deploy.ts';
import { engineClient } from './engine.ts';

export type { Edge } from './edge/server.ts';

export async function startEdgeFor(
  { template, physicalIds }: Deployment,
  endpoint: string,
  port: number,
  log: (line: string) => void,
): Promise<Edge> {
  const { region, credentials } = engineClient(endpoint);
  const ssm = new SSMClient({ endpoint, region, credentials });
  const cloudFront = new CloudFrontClient({ endpoint, region, credentials });

  const resources: Record<string, DeployedResource> = {};
  for (const [logicalId, physicalId] of Object.entries(physicalIds)) resources[logicalId] = { physicalId };
  let apiId: string | undefined;
  for (const [logicalId, { Type, Properties }] of Object.entries(template.Resources)) {
    const physicalId = physicalIds[logicalId];
    if (physicalId === undefined) continue;
    if (Type === 'AWS::ApiGatewayV2::Api') apiId = physicalId;
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
      const { KeyValueStore } = await cloudFront.send(new DescribeKeyValueStoreCommand({ Name: physicalId }));
      resources[logicalId] = { physicalId, attributes: { Arn: KeyValueStore?.ARN ?? '' } };
    }
    if (Type === 'AWS::CloudFront::PublicKey') {
      // The engine holds the PEM in the parameter that stands in for the key (engine-rules.ts).
      const { Parameter } = await ssm.send(new GetParameterCommand({ Name: physicalId }));
      const { EncodedKey } = (Properties ?? {})['PublicKeyConfig'] as {
        EncodedKey: { 'Fn::GetAtt': [string, string] };
      };
      const [pair, attribute] = EncodedKey['Fn::GetAtt'];
      resources[pair] = { physicalId: physicalIds[pair] ?? pair, attributes: { [attribute]: Parameter?.Value ?? '' } };
    }
  }
  if (apiId === undefined) throw new Error('the deployed stack has no HTTP API');
  const config = readTemplate(template, { resources, parameters: { 'AWS::Region': region } });
  return startEdge({
    config,
    engineEndpoint: endpoint,
    apiBase: `${endpoint}/_aws/execute-api/${apiId}/$default`,
    credentials,
    port,
    log,
  });
}
