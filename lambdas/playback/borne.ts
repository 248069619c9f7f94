/**
 * What is left of a video for a player that says what it bears. Pure. It is a wish and no limit: who may watch may ask for all of
 * it, and what a grant allows was looked at before.
 */
import type { RenditionKind } from '../../lib/contract/keys.ts';
import type { Rendition, VideoRecord } from '../../lib/contract/video.ts';
import { ApiError, refusedField } from '../shared/errors.ts';
import { isWithin, linesOf } from '../shared/height.ts';

/** As they stand in the query of a manifest. */
export interface Borne {
  /** Lines; of an upright picture columns. */
  readonly max_resolution?: number | undefined;
  readonly min_resolution?: number | undefined;
  /** RFC 6381: `avc1` stands for all of its kind, `avc1.64001f` for that profile and level and whatever needs less. */
  readonly codecs?: readonly string[] | undefined;
}

type Shown = Pick<Rendition, 'kind' | 'codecs' | 'width' | 'height'>;

/** Whether the player bears a rendition. Codecs of the other kind say nothing of it. */
export function isBorne(
  rendition: Shown,
  { max_resolution: most, min_resolution: least, codecs = [] }: Borne,
): boolean {
  const lines = linesOf(rendition);
  if (!isWithin(rendition, most) || (least !== undefined && lines !== undefined && lines < least)) return false;
  const said = codecs.filter((codec) => kindOf(codec) === rendition.kind);
  return said.length === 0 || said.some((codec) => covers(codec, rendition.codecs));
}

/**
 * The record with the renditions that the player bears. Throws `invalid-request`, which names the parameter, where nothing of the
 * picture or of the sound is left, and `not-ready` while what would be left is still being made.
 */
export function borneOf<T extends Pick<VideoRecord, 'renditions' | 'status' | 'ladder'>>(video: T, asked: Borne): T {
  const { max_resolution, min_resolution, codecs } = asked;
  const alone: readonly (readonly [string, Borne])[] = [
    ['max_resolution', { max_resolution }],
    ['min_resolution', { min_resolution }],
    ['codecs', { codecs }],
  ];
  for (const kind of ['video', 'audio'] as const) {
    const all = video.renditions.filter((one) => one.kind === kind);
    const isGone = (some: Borne) => all.length > 0 && !all.some((one) => isBorne(one, some));
    if (!isGone(asked)) continue;
    if (kind === 'video' && (video.status === 'playable' || video.ladder?.state === 'making'))
      throw new ApiError('not-ready', 'What would be left of the video is still being made. Try again shortly.');
    const name = alone.find(([, one]) => isGone(one))?.[0] ?? (codecs === undefined ? 'min_resolution' : 'codecs');
    const has = name === 'codecs' ? all.map((one) => one.codecs) : all.map((one) => `${linesOf(one)}p`);
    const what = kind === 'video' ? 'picture' : 'sound';
    throw refusedField(`query.${name}`, `leaves nothing of the ${what}, which has ${[...new Set(has)].join(', ')}`);
  }
  return { ...video, renditions: video.renditions.filter((one) => isBorne(one, asked)) };
}

/** First parts of codecs of sound, as far as players say them in what they bear (mp4ra.org). */
const SOUND = ['mp4a', 'ac-3', 'ec-3', 'ac-4', 'opus', 'flac'];
const kindOf = (codec: string): RenditionKind =>
  SOUND.includes(codec.split('.', 1)[0]!.toLowerCase()) ? 'audio' : 'video';

function covers(said: string, codec: string): boolean {
  const [one, other] = [said.toLowerCase(), codec.toLowerCase()];
  if (one === other || one === other.split('.', 1)[0]) return true;
  const [can, needs] = [h264(one), h264(other)];
  return can !== undefined && needs !== undefined && needs.profile <= can.profile && needs.level <= can.level;
}

/**
 * Of `avc1.PPCCLL` (RFC 6381 3.3; ISO/IEC 14496-10): of the profiles that are made here (66, 77, 100) each bears those below it,
 * and so does each level.
 */
function h264(codec: string): { readonly profile: number; readonly level: number } | undefined {
  const hex = /^avc1\.([0-9a-f]{2})[0-9a-f]{2}([0-9a-f]{2})$/.exec(codec);
  return hex === null ? undefined : { profile: Number.parseInt(hex[1]!, 16), level: Number.parseInt(hex[2]!, 16) };
}
