/** From what an uploader says of a file to a new video's fields, or the reason why it is not taken. Pure. */
import { createHash, randomInt } from 'node:crypto';
import { z } from 'zod';
import { routes } from '../../lib/contract/api.ts';
import { offered } from '../../lib/contract/encryption.ts';
import { takenAs } from '../../lib/contract/media-types.ts';
import { characters, line, oneLine } from '../../lib/contract/text.ts';
import { visibility, type VideoRecord } from '../../lib/contract/video.ts';
import { ApiError, refused, refusedField } from '../shared/errors.ts';
import { MAX_FORM_BYTES, type UploadLimits } from '../../lib/contract/upload.ts';

export interface Draft {
  readonly title: string;
  readonly description: string;
  readonly tags: readonly string[];
  readonly visibility: VideoRecord['visibility'];
  /** Absent: as the deployment does it. */
  readonly encryption?: NonNullable<VideoRecord['encryption']>;
  readonly filename: string;
  readonly type: string;
  /** Bytes, where whoever sends it said so. */
  readonly size?: number;
}

export interface Announced {
  readonly filename: string;
  readonly type: string;
  readonly metadata?: Readonly<Record<string, unknown>> | undefined;
}

/** Uppy sends every field of its form, unfilled ones as empty text or null; in a query string null is the word. */
const given = (value: unknown): unknown =>
  value === null || (typeof value === 'string' && ['', 'null', 'undefined'].includes(value.trim())) ? undefined : value;
const optional = <T extends z.ZodType>(schema: T) => z.preprocess(given, schema.optional());

const splitTags = (value: unknown): unknown =>
  typeof value === 'string'
    ? value
        .split(',')
        .map((tag) => tag.trim())
        .filter((tag) => tag !== '')
    : value;

/** Characters of a title that are looked at; it is made one line of 200 of them. */
const LONGEST_TITLE = 5000;

const metadataSchema = z.object({
  title: optional(characters(LONGEST_TITLE)),
  name: optional(characters(LONGEST_TITLE)),
  description: optional(routes['PATCH /api/videos/{id}'].body.shape.description.unwrap()),
  tags: optional(z.preprocess(splitTags, routes['PATCH /api/videos/{id}'].body.shape.tags.unwrap())),
  visibility: optional(visibility),
  encryption: optional(offered),
  size: optional(z.preprocess((size) => (typeof size === 'string' ? Number(size) : size), z.int().nonnegative())),
  idempotencyKey: optional(line(100).min(16)),
});

/**
 * Checks what is known before a byte is sent. `form`: the file comes as one POST form, for which S3's limit counts too.
 * Throws `unsupported-type`, `too-large`, `empty-file` or `invalid-request`.
 */
export function draftOf(announced: Announced, limits: UploadLimits, form: boolean): Draft {
  const parsed = metadataSchema.safeParse(announced.metadata ?? {});
  if (!parsed.success) throw refused('metadata', parsed.error);
  const { title, name, description, tags, visibility, encryption, size } = parsed.data;
  checkEncryption('metadata.encryption', encryption, limits);
  const type = checkType(announced.type, announced.filename, limits.types);
  if (size !== undefined) checkSize(size, form ? formLimit(limits) : limits.maxBytes);
  return {
    title: titleOf(title, name, announced.filename),
    description: description ?? '',
    tags: [...new Set(tags)],
    visibility: visibility ?? 'private',
    ...(encryption && { encryption }),
    filename: announced.filename,
    type,
    ...(size !== undefined && { size }),
  };
}

/** Throws `invalid-request` for what only a DRM provider could do, where there is none. `path`: of the field that asks for it. */
export function checkEncryption(
  path: string,
  encryption: VideoRecord['encryption'],
  { drm }: Pick<UploadLimits, 'drm'>,
): void {
  if (encryption === 'drm' && drm !== true)
    throw refusedField(path, 'this platform has no DRM provider (drm.keyServer)');
}

/** Bytes a form upload may have. */
export const formLimit = (limits: UploadLimits): number => Math.min(limits.maxBytes, MAX_FORM_BYTES);

/** Throws `empty-file` at 0 bytes and `too-large` above `maxBytes`. */
export function checkSize(bytes: number, maxBytes: number): void {
  if (bytes === 0) throw new ApiError('empty-file', 'The file has no bytes. Choose another one.');
  if (bytes > maxBytes) {
    throw new ApiError('too-large', `The file has ${bytes} bytes; at most ${maxBytes} are taken.`, {
      limit: { name: 'upload.maxSizeGiB', value: maxBytes, unit: 'bytes' },
    });
  }
}

/** The media type it is taken as (`takenAs`). Throws `unsupported-type`, naming the types taken. */
export function checkType(claimed: string, filename: string, types: readonly string[]): string {
  const type = takenAs(claimed, filename, types);
  if (type !== undefined) return type;
  throw new ApiError(
    'unsupported-type',
    `${JSON.stringify(claimed)} is not taken, nor is a file of that name; these are: ${types.join(', ')}.`,
  );
}

/** A name that is just the file's own says no more than the file name, so both lose their folder and extension. */
export function titleOf(title: string | undefined, name: string | undefined, filename: string): string {
  const chosen = title ?? (name !== undefined && name !== filename ? name : undefined);
  const base = filename.split(/[/\\]/).at(-1) ?? '';
  return tidy(chosen ?? '') || tidy(base.replace(/(?<=.)\.[^.\s]{1,10}$/, '')) || 'Untitled';
}

/** The contract's limit. */
const tidy = (text: string): string => oneLine(text, 200);

const ALPHABET = 'abcdefghijklmnopqrstuvwxyz0123456789';

/** 20 characters of `[a-z0-9]` from the system's random source: 103 bits. */
export function newVideoId(): string {
  return Array.from({ length: 20 }, () => ALPHABET[randomInt(ALPHABET.length)]).join('');
}

/** What an uploader calls this one upload, so that asking again begins no second one. Of metadata that `draftOf` took. */
export const idempotencyKeyOf = ({ metadata }: Announced): string | undefined =>
  metadataSchema.parse(metadata ?? {}).idempotencyKey;

/** The id that belongs to a person's key: the same each time, and nobody can choose one, or find that of somebody else. */
export function videoIdOf(owner: string, idempotencyKey: string): string {
  const hash = createHash('sha256')
    .update(JSON.stringify([owner, idempotencyKey]))
    .digest('hex');
  return (BigInt(`0x${hash}`) % BigInt(ALPHABET.length) ** 20n).toString(36).padStart(20, '0');
}

interface NewVideo {
  readonly id: string;
  readonly owner: string;
  readonly draft: Draft;
  readonly upload: VideoRecord['upload'];
  /** Milliseconds. */
  readonly now: number;
  /** Seconds until the record goes if the file never arrives. */
  readonly expireSeconds: number;
}

export function newRecord({ id, owner, draft, upload, now, expireSeconds }: NewVideo): VideoRecord {
  const at = new Date(now).toISOString();
  const { size: _, ...fields } = draft;
  return {
    id,
    owner,
    ...fields,
    tags: [...draft.tags],
    status: 'uploading',
    progress: 0,
    failure: null,
    createdAt: at,
    updatedAt: at,
    duration: null,
    width: null,
    height: null,
    bytes: { source: 0, media: 0 },
    revision: 0,
    renditions: [],
    timeline: [{ status: 'uploading', at }],
    upload,
    kind: 'video',
    expiresAt: Math.floor(now / 1000) + expireSeconds,
  };
}
