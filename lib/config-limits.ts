/**
 * What options are bounded by together: AWS's quotas (quotas.ts), of which several options take a share. Each function answers
 * what is wrong, with the options that can mend it, or undefined. Pure.
 */
import { isIPv4 } from 'node:net';
import { z } from 'zod';
import { QUOTAS } from './quotas.ts';

const LABEL = /^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$/;

/** A host name in lower case, or an IPv4 address: what ends in a number must be one. */
export const hostName = z
  .string()
  .max(253)
  .regex(/^[a-z0-9.-]+$/)
  .refine((host) => {
    const labels = host.split('.');
    return labels.every((label) => LABEL.test(label)) && (!/^[0-9]+$/.test(labels.at(-1)!) || isIPv4(host));
  }, 'is neither a host name nor an IPv4 address');

/** `host:port` of a server. */
export const brokerAddress = z
  .string()
  .max(259)
  .regex(/^[a-z0-9.-]+:[1-9][0-9]{0,4}$/)
  .refine((text) => {
    const [host, port] = text.split(':');
    return hostName.safeParse(host).success && Number(port) <= 65_535;
  }, 'is no host and port');

/** Scheme, host and port of a page. With `*` in its place, any host below a domain, or any port. */
export const origin = (pattern: RegExp) =>
  z
    .string()
    .max(256)
    .regex(pattern)
    .refine((text) => text === '*' || URL.canParse(text.replace(/:\*$/, '')), 'is no origin')
    .refine((text) => text.split('*').length <= 2, 'has more than one *, and S3 takes one');

/** `10.1.0.0/16`. EC2 would take away the bits behind the mask, and two ways to write one network would collide there. */
export const ipv4Network = z.cidrv4().refine((text) => text === masked(text), {
  error: ({ input }) => `has bits behind its mask; write ${masked(String(input))}`,
});

function masked(cidr: string): string {
  const [address = '', length = ''] = cidr.split('/');
  const bits = address.split('.').reduce((sum, octet) => sum * 256 + Number(octet), 0);
  const size = 2 ** (32 - Number(length));
  const first = Math.floor(bits / size) * size;
  return `${[3, 2, 1, 0].map((place) => Math.floor(first / 256 ** place) % 256).join('.')}/${length}`;
}

interface Ports {
  readonly controlPort: number;
  readonly mediaPort: number;
  readonly attachmentPort: number;
  readonly sharedPort: boolean;
  readonly tlsCertificateArn?: string | undefined;
  readonly tlsControlPort: number;
  readonly tlsMediaPort: number;
  readonly tlsAttachmentPort: number;
}

/** The options that open a port of the load balancer. */
export function openPorts({ sharedPort, tlsCertificateArn }: Ports) {
  const plain = ['controlPort', 'mediaPort', ...(sharedPort ? [] : (['attachmentPort'] as const))] as const;
  if (tlsCertificateArn === undefined) return plain;
  return [...plain, 'tlsControlPort', 'tlsMediaPort', ...(sharedPort ? [] : (['tlsAttachmentPort'] as const))] as const;
}

/** Each network is a rule for each open port. */
export function tooManyRules(live: Ports & { readonly allowedCidrs: readonly string[] }): string | undefined {
  const { max } = QUOTAS.rulesIn;
  const [networks, ports] = [live.allowedCidrs.length, openPorts(live).length];
  if (networks * ports <= max) return undefined;
  return `live.allowedCidrs: ${networks} networks times ${ports} open ports are ${networks * ports} rules, and a security group takes ${max}: at most ${Math.floor(max / ports)} networks; live.sharedPort opens fewer ports`;
}

/** Characters of the content security policy beside the origins that options name, with room for a bucket's longest name. */
const POLICY = 600;

/** Issuer, its other hosts and the map's tiles: each stands in the console's content security policy twice at most. */
export function tooManyOrigins(origins: readonly string[]): string | undefined {
  const room = QUOTAS.headerValue.max - POLICY;
  const taken = origins.reduce((sum, one) => sum + 2 * (one.length + 1), 0);
  if (taken <= room) return undefined;
  return `auth.connectOrigins: with auth.issuer and live.mapTilesUrl ${taken} characters of the console's content security policy, of which CloudFront leaves ${room}`;
}

/** What the names of the queues begin with that tasks make for themselves (lib/constructs/command-queues.ts). */
export const commandQueuePrefix = ({ name, environment }: { readonly name: string; readonly environment: string }) =>
  `${name}-${environment}-ingest-`;

/** Characters of an ECS task's id, which the rest of such a name is. */
const TASK_ID = 32;

/** Refused with devices off, too: they can be turned on later, and the name of what holds data cannot be changed then. */
export function tooLongQueueName(config: Parameters<typeof commandQueuePrefix>[0]): string | undefined {
  const { max } = QUOTAS.queueName;
  const prefix = commandQueuePrefix(config);
  if (prefix.length + TASK_ID <= max) return undefined;
  const room = max - TASK_ID - prefix.length + config.name.length + config.environment.length;
  return `name: with env ${config.name.length + config.environment.length} characters, of which queues of tasks (${prefix}, and ${TASK_ID} of a task's id) leave ${room}`;
}

/** Bytes of the catalog function's environment for names of tables, queue and secret, and the address of this deployment. */
const NAMES = 2300;

/** What the console is told, beside what has a fixed length, and what else of any length the catalog's function is. */
export function tooMuchToTell(told: unknown): string | undefined {
  const room = QUOTAS.functionEnvironment.max - NAMES;
  const taken = Buffer.byteLength(JSON.stringify(told));
  if (taken <= room) return undefined;
  return `playback.hookUrl, auth.*, upload.types, live.map*: ${taken} bytes together for the console, of which a function's environment leaves ${room}`;
}
