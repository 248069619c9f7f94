/** What a file is to people, and on the web, by what its bytes were found to be. Pure. */
import type { AlarmFile } from '../../../../../lib/contract/device.ts';
import type { ContentType } from '../../jt808/subiao/sniff.ts';

const KINDS: Readonly<Record<ContentType, AlarmFile['kind']>> = {
  jpg: 'picture',
  png: 'picture',
  wav: 'audio',
  mp4: 'video',
  h264: 'video',
  h265: 'video',
  bin: 'data',
};

const MEDIA_TYPES: Readonly<Record<ContentType, string>> = {
  jpg: 'image/jpeg',
  png: 'image/png',
  wav: 'audio/wav',
  mp4: 'video/mp4',
  h264: 'video/h264',
  h265: 'video/h265',
  bin: 'application/octet-stream',
};

export const fileKindOf = (type: ContentType | undefined): AlarmFile['kind'] =>
  type === undefined ? 'data' : KINDS[type];

export const mediaTypeOf = (type: ContentType | undefined): string =>
  type === undefined ? 'application/octet-stream' : MEDIA_TYPES[type];

/** Before there are bytes to go by: by the type a device says (T/JSATL 12-2017 table 25). */
export const announcedKind = (type: number | undefined): AlarmFile['kind'] =>
  type === 0 ? 'picture' : type === 1 ? 'audio' : type === 2 ? 'video' : 'data';
