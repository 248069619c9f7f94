/**
 * The token by which Amazon MSK lets a role in: the address of `kafka-cluster:Connect`, signed by SigV4 in its query, in base64url,
 * as AWS's own signers for MSK write it ("IAM access control", Amazon MSK Developer Guide). Nothing is asked for it. Pure but for the keys.
 */
import { SignatureV4 } from '@smithy/signature-v4';

/** Seconds for which it is good; MSK takes no longer one. A connection that is open outlasts it. */
export const TOKEN_SECONDS = 900;

type Signer = ConstructorParameters<typeof SignatureV4>[0];

export interface TokenOptions extends Pick<Signer, 'credentials' | 'sha256'> {
  readonly region: string;
  readonly now?: Date;
}

export async function mskToken({ region, now = new Date(), ...signer }: TokenOptions): Promise<string> {
  const hostname = `kafka.${region}.amazonaws.com`;
  const { query = {} } = await new SignatureV4({ ...signer, region, service: 'kafka-cluster' }).presign(
    {
      method: 'GET',
      protocol: 'https:',
      hostname,
      path: '/',
      query: { Action: 'kafka-cluster:Connect' },
      headers: { host: hostname },
    },
    { expiresIn: TOKEN_SECONDS, signingDate: now },
  );
  const url = new URL(`https://${hostname}/`);
  for (const [name, value] of Object.entries(query)) url.searchParams.set(name, String(value));
  // Not signed: MSK logs it.
  url.searchParams.set('User-Agent', 'sluice');
  return Buffer.from(url.href).toString('base64url');
}
