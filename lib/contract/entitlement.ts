/**
 * Grants: who may watch what, and under which conditions. One row of the entitlements table each: partition key `videoId`,
 * sort key `subject`. So the table was made, when people could be let in to videos only; rows of then are grants of now.
 */
import { z } from 'zod';
import { collectionId } from './collection.ts';
import { countries } from './country.ts';
import { deviceId } from './device.ts';
import { mailAddress } from './mail.ts';
import { isSite } from './site.ts';
import { addressPart } from './ticket.ts';
import { line } from './text.ts';
import { videoId } from './video.ts';

const tag = line(50);
/** Bytes of a sort key are 1,024 (DynamoDB), of a character four. */
const groupName = line(250);
const person = line(255);

/** What follows a kind's name and colon. */
const RESOURCES = { video: videoId, collection: collectionId, device: deviceId, tag } as const;
/** Somebody who has not signed in yet: an invitation. It is nobody's key, so it lets nobody in before it became a grant to a person. */
const email = z.string().refine((text) => mailAddress(text) === text);
const SUBJECTS = { person, group: groupName, email } as const;
export type ResourceKind = keyof typeof RESOURCES;

const EVERYONE = 'everyone';

function isOneOf(kinds: Readonly<Record<string, z.ZodType>>, text: string): boolean {
  const colon = text.indexOf(':');
  return (
    colon > 0 &&
    Object.hasOwn(kinds, text.slice(0, colon)) &&
    kinds[text.slice(0, colon)]!.safeParse(text.slice(colon + 1)).success
  );
}

export const resource = line(60)
  .refine((text) => isOneOf(RESOURCES, text), 'must be `video:{id}`, `collection:{id}`, `device:{id}` or `tag:{tag}`')
  .meta({
    description:
      'What may be watched: `video:{id}`, `collection:{id}`, `device:{id}` (live, recordings, clips and incidents) or `tag:{tag}`.',
  });

const EMAIL = 'email:';
/** An address in any spelling is taken as the one by which it is compared. */
const spelt = (text: string): string =>
  text.startsWith(EMAIL) ? `${EMAIL}${mailAddress(text.slice(EMAIL.length)) ?? ''}` : text;

export const subject = line(265)
  .overwrite(spelt)
  .refine(
    (text) => text === EVERYONE || isOneOf(SUBJECTS, text),
    'must be `person:{sub}`, `email:{address}`, `group:{name}` or `everyone`',
  )
  .meta({
    description:
      'Who: `person:{sub}`, `email:{address}` of somebody who may not have signed in yet, `group:{name}` of the token, or `everyone`, signed in or not.',
  });

/** The address, of a subject that is one. */
export const mailOf = (text: string): string | undefined =>
  text.startsWith(EMAIL) ? text.slice(EMAIL.length) : undefined;

/** A resource as the partition key has it: of a video its id alone, which has no colon. */
export const resourceKey = (text: string): string => (text.startsWith('video:') ? text.slice('video:'.length) : text);
export const resourceOf = (key: string): string => (key.includes(':') ? key : `video:${key}`);

/** A subject as the sort key has it: of a person their `sub` alone. That has no control characters, so none reads like a group. */
export const subjectKey = (text: string): string =>
  text.startsWith('person:') ? text.slice('person:'.length) : `\n${text}`;
export const subjectOf = (key: string): string => (key.startsWith('\n') ? key.slice(1) : `person:${key}`);

export const isInvitation = ({ subject: key }: { readonly subject: string }): boolean => key.startsWith(`\n${EMAIL}`);
export const isPerson = ({ subject: key }: { readonly subject: string }): boolean => !key.startsWith('\n');

/** The keys that stand for a viewer; a group of a name that nobody can grant to is left out. */
export const subjectKeys = (
  viewer: { readonly subject: string; readonly groups: readonly string[] } | undefined,
): string[] => {
  const groups = [...new Set(viewer?.groups)].filter((name) => groupName.safeParse(name).success);
  return [
    ...(viewer === undefined ? [] : [viewer.subject]),
    ...groups.map((name) => subjectKey(`group:${name}`)),
    subjectKey(EVERYONE),
  ];
};

const epochSeconds = z.int().positive().max(253_402_300_799);

const site = line(300).refine(isSite, 'must be an origin, e.g. `https://www.example.com`');

/** Also of links (link.ts). */
export const sites = z.array(site).min(1).max(20, { abort: true });

/** As rows have them. What earlier versions took for a site and is none is no site, and the others are the sites there are. */
export const keptSites = z.array(z.string()).transform((all) => all.filter(isSite));

/** Of both effects. */
const when = {
  notBefore: epochSeconds.optional().meta({ description: 'Epoch seconds before which it does not count.' }),
  expiresAt: epochSeconds.optional().meta({ description: 'Epoch seconds from which on it no longer counts.' }),
  ip: z
    .string()
    .max(45)
    .refine((text) => addressPart(text) !== undefined, 'must be one IPv4 or IPv6 address')
    .optional()
    .meta({ description: 'The one address, IPv4 or IPv6, for which it counts.' }),
  countries: countries.optional(),
};

/** Of what allows. */
const limits = {
  maxHeight: z.int().min(100).max(8640).optional().meta({
    description: 'Renditions up to this many lines (of an upright picture: columns) are played; default: all.',
  }),
  maxSessions: z.int().min(1).max(1000).optional().meta({
    description: 'How many players of one person may play at once; default: any number.',
  }),
  sites: sites
    .optional()
    .meta({ description: 'Origins of pages, besides the console, on which it may be played; default: any.' }),
};

/** What bounds a right to watch, whoever says so: a grant, the hook, or a token of a registered key. */
export const bounds = { ...limits, ip: when.ip, countries: when.countries };
export type Limits = z.infer<z.ZodObject<typeof bounds>>;

const effect = z.enum(['allow', 'deny']);
const said = { effect: effect.default('allow'), ...when, ...limits };

/** Of fields that are right each alone. */
function together(value: z.infer<z.ZodObject<typeof said>>, context: z.RefinementCtx): void {
  const wrong = (path: string, message: string) => context.addIssue({ code: 'custom', path: [path], message });
  const { notBefore, expiresAt } = value;
  if (notBefore !== undefined && expiresAt !== undefined && expiresAt <= notBefore)
    wrong('expiresAt', 'must be later than `notBefore`');
  if (value.effect === 'allow') return;
  for (const name of Object.keys(limits) as (keyof typeof limits)[])
    if (value[name] !== undefined) wrong(name, 'is for what allows: what denies lets nobody play');
}

/** What a person says of a grant that is there. */
export const terms = z.object(said).strict().superRefine(together);

/** A new one, or another instead of the one there is of this pair. */
export const newGrant = z
  .object({ resource, subject, ...said })
  .strict()
  .superRefine(together);

/** As the API shows it. */
export const entitlement = z.object({
  id: z.string().meta({ description: 'Its name in addresses.' }),
  resource: z.string(),
  subject: z.string(),
  effect,
  ...when,
  ...limits,
  grantedBy: z.string().meta({ description: 'Who said so last.' }),
  createdAt: z.iso.datetime(),
  pendingUntil: epochSeconds.optional().meta({
    description: 'Of an invitation: epoch seconds from which on it no longer becomes a grant. Absent of a grant.',
  }),
});
export type Entitlement = z.infer<typeof entitlement>;

/** A row as it is stored. Rows of earlier versions have no `effect`: they allow. */
export const grantRow = z.object({
  videoId: z.string().min(1),
  subject: z.string().min(1),
  grantedBy: z.string(),
  createdAt: z.iso.datetime(),
  effect: effect.default('allow'),
  ...when,
  ...limits,
  sites: keptSites.optional(),
  /** Of an invitation, whose own end is `expiresAt`: when the grant ends that it becomes. */
  until: epochSeconds.optional(),
});
export type GrantRow = z.infer<typeof grantRow>;
