/** Records of videos that Sluice makes itself, of what a device recorded. Pure; the source is put after the record. */
import type { Place } from './places.ts';
import { cut } from './text.ts';
import type { Origin, VideoRecord } from './video.ts';

interface DeviceVideo {
  /** 20 characters of `[a-z0-9]` from a random source. */
  readonly id: string;
  readonly owner: string;
  readonly title: string;
  readonly tags?: readonly string[];
  readonly filename: string;
  /** Media type, as sniffed. */
  readonly type: string;
  readonly origin: Origin;
  /** Where it was recorded, as far as that is known already. */
  readonly places?: readonly Place[];
  /** `entitled`: of an incident, the viewers of the device may watch, too. */
  readonly visibility: VideoRecord['visibility'];
  /** Epoch milliseconds. */
  readonly now: number;
  /** Seconds until the record goes if its source never arrives. */
  readonly expireSeconds: number;
  /** After which it is removed; without them it stays until somebody deletes it. */
  readonly retentionDays?: number;
}

/** Owner of videos that no person asked for. It is no person: `ownedBy` of lambdas/shared/entitlement.ts. */
export const deviceOwner = (device: string): string => `device ${device}`;

const DAY = 86_400_000;

/** The first day (UTC, `2026-12-24`) that begins when `days` have gone by since `now` (epoch ms), as lifecycle rules count. */
export const dayAfter = (now: number, days: number): string =>
  new Date(Math.ceil(now / DAY + days) * DAY).toISOString().slice(0, 10);

/** Put it, then the source at `sourceKey(id)`: S3's event starts slicing. */
export function deviceVideoRecord(asked: DeviceVideo): VideoRecord {
  const at = new Date(asked.now).toISOString();
  return {
    id: asked.id,
    owner: asked.owner,
    title: cut(asked.title, 200),
    description: '',
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
    ...(asked.places !== undefined && asked.places.length > 0 && { places: [...asked.places] }),
    upload: { kind: 'device', slot: 0 },
    kind: 'video',
    expiresAt: Math.floor(asked.now / 1000) + asked.expireSeconds,
    ...(asked.retentionDays !== undefined && { removeOn: dayAfter(asked.now, asked.retentionDays) }),
  };
}
