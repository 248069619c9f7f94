import type { VideoRecord } from '../../../lib/contract/video.ts';

export const ID = 'abcdefghij0123456789';
export const OTHER_ID = 'zyxwvutsrq9876543210';
export const TICKET = '0t9abcdAbCdEfGhIjKlMn09.Ab-_4567890.-.-';

/** A ready video of three rungs with sound, two minutes long. */
export function record(over: Partial<VideoRecord> = {}): VideoRecord {
  const rung = (height: number, bandwidth: number, codecs: string) => ({
    kind: 'video' as const,
    name: `${height}p`,
    codecs,
    width: (height * 16) / 9,
    height,
    frameRate: 30_000 / 1001,
    bandwidth,
    averageBandwidth: Math.round(bandwidth * 0.8),
    bytes: 1,
  });
  const at = '2026-01-01T00:00:00.000Z';
  return {
    id: ID,
    title: 'A video',
    description: '',
    tags: [],
    owner: 'olga',
    visibility: 'private',
    status: 'ready',
    progress: 100,
    failure: null,
    createdAt: at,
    updatedAt: at,
    filename: 'a.mp4',
    type: 'video/mp4',
    duration: 120,
    width: 1920,
    height: 1080,
    bytes: { source: 1, media: 1 },
    revision: 3,
    renditions: [
      rung(1080, 6_000_000, 'avc1.640028'),
      rung(720, 3_000_000, 'avc1.64001f'),
      rung(360, 900_000, 'avc1.64001e'),
      {
        kind: 'audio',
        name: 'main',
        codecs: 'mp4a.40.2',
        channels: 2,
        bandwidth: 140_000,
        averageBandwidth: 128_000,
        bytes: 1,
      },
    ],
    timeline: [{ status: 'ready', at }],
    upload: { kind: 'multipart', id: 'u', slot: 0 },
    kind: 'video',
    ...over,
  };
}

export const MEDIA_PLAYLIST = `#EXTM3U
#EXT-X-VERSION:8
#EXT-X-DEFINE:IMPORT="auth"
#EXT-X-TARGETDURATION:6
#EXT-X-PLAYLIST-TYPE:VOD
#EXT-X-INDEPENDENT-SEGMENTS
#EXT-X-MAP:URI="720p/init.mp4?{$auth}"
#EXTINF:6.006,
720p/00001.m4s?{$auth}
#EXTINF:2.002,
720p/00002.m4s?{$auth}
#EXT-X-ENDLIST
`;
