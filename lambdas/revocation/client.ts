/** The client of key value stores, for the writer and for the local edge. */
import {
  CloudFrontKeyValueStoreClient,
  type CloudFrontKeyValueStoreClientConfig,
} from '@aws-sdk/client-cloudfront-keyvaluestore';
// Signatures of this API are of no region (SigV4A); the client finds the signer by this import.
import '@aws-sdk/signature-v4a';

/** What the SDK says of every endpoint of this API. */
const SIGNED = {
  authSchemes: [
    {
      name: 'sigv4a',
      signingName: 'cloudfront-keyvaluestore',
      signingRegion: '*',
      signingRegionSet: ['*'],
      properties: {},
    },
  ],
};

/** `AWS_ENDPOINT_URL`, or the one of this service alone, moves it to a local engine, as the SDK's own rule is. */
export function storeClient({
  endpoint = process.env['AWS_ENDPOINT_URL_CLOUDFRONT_KEYVALUESTORE'] ?? process.env['AWS_ENDPOINT_URL'],
  ...config
}: Omit<CloudFrontKeyValueStoreClientConfig, 'endpoint'> & {
  readonly endpoint?: string;
}): CloudFrontKeyValueStoreClient {
  if (endpoint === undefined) return new CloudFrontKeyValueStoreClient(config);
  const url = new URL(endpoint);
  // The SDK would put the account's number before any host, and below an address of loopback there are no names.
  return new CloudFrontKeyValueStoreClient({ ...config, endpointProvider: () => ({ url, properties: SIGNED }) });
}
