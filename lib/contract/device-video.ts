/** Records of videos that Sluice makes itself, of what a device recorded. Pure; the source is put after the record. */
import { cut } from './text.ts';
import type { Origin, VideoRecord } from './video.ts';

interface DeviceVideo {
  /** 20 characters of `[a-z0-9]` from a random source. */
  readonly id: string;
  readonly owner: string;
  readonly title: string;
  readonly description?: string;
  readonly tags?: readonly string[];
  readonly filename: string;
  /** Media type, as sniffed. */
  readonly type: string;
  readonly origin: Origin;
  /** `entitled`: the subjects with a grant may watch, too. */
  readonly visibility: VideoRecord['visibility'];
  /** Epoch milliseconds. */
  readonly now: number;
  /** Seconds until the record goes if its source never arrives. */
  readonly expireSeconds: number;
}

/** Owner of videos that no person asked for: admins and who has a grant see them. No subject of an issuer has a space. */
export const deviceOwner = (device: string): string => `device ${device}`;

/** Put it, then the source at `sourceKey(id)`: S3's event starts slicing. */
export function deviceVideoRecord(asked: DeviceVideo): VideoRecord {
  const at = new Date(asked.now).toISOString();
  return {
    id: asked.id,
    owner: asked.owner,
    title: cut(asked.title, 200),
    description: asked.description ?? '',
    tags: [...(asked.tags ?? [])],
    visibility: asked.visibility,
    status: 'uploading',
    progress: 0,
    failure: null,
    createdAt: at,
    updatedAt: at,
    filename: asked.filename,
    type: asked.type,
    duration: null,
    width: null,
    height: null,
    bytes: { source: 0, media: 0 },
    revision: 0,
    renditions: [],
    timeline: [{ status: 'uploading', at }],
    origin: asked.origin,
    upload: { kind: 'device', slot: 0 },
    kind: 'video',
    expiresAt: Math.floor(asked.now / 1000) + asked.expireSeconds,
  };
}
