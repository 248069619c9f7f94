/** The video that is asked for: six rungs and sound, in segments of 6 s. Pure. */
import type { VideoRecord } from '../../lib/contract/video.ts';

export const ID = 'benchbenchbenchbench';
export const OWNER = 'bench';
export const SEGMENT_SECONDS = 6;

const RUNGS = [
  [240, 400_000],
  [360, 800_000],
  [480, 1_400_000],
  [720, 2_800_000],
  [1080, 5_000_000],
  [1440, 9_000_000],
] as const;

export function videoRecord(minutes: number): VideoRecord {
  const at = '2026-01-01T00:00:00.000Z';
  return {
    id: ID,
    title: 'A film',
    description: '',
    tags: [],
    owner: OWNER,
    visibility: 'entitled',
    status: 'ready',
    progress: 100,
    failure: null,
    createdAt: at,
    updatedAt: at,
    filename: 'film.mp4',
    type: 'video/mp4',
    duration: minutes * 60,
    width: 2560,
    height: 1440,
    bytes: { source: 1, media: 1 },
    revision: 1,
    renditions: [
      ...RUNGS.map(([height, bandwidth]) => ({
        kind: 'video' as const,
        name: `${height}p`,
        codecs: 'avc1.640028',
        width: Math.round((height * 16) / 9),
        height,
        frameRate: 25,
        bandwidth,
        averageBandwidth: Math.round(bandwidth * 0.8),
        bytes: 1,
      })),
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
  };
}

/** A media playlist as slicing writes it, of the whole film. */
export function mediaPlaylist(minutes: number): string {
  const lines = [
    '#EXTM3U',
    '#EXT-X-VERSION:8',
    '#EXT-X-DEFINE:IMPORT="auth"',
    `#EXT-X-TARGETDURATION:${SEGMENT_SECONDS}`,
    '#EXT-X-PLAYLIST-TYPE:VOD',
    '#EXT-X-INDEPENDENT-SEGMENTS',
    '#EXT-X-MAP:URI="720p/init.mp4?{$auth}"',
  ];
  for (let i = 1; i <= (minutes * 60) / SEGMENT_SECONDS; i += 1)
    lines.push(`#EXTINF:${SEGMENT_SECONDS.toFixed(3)},`, `720p/${String(i).padStart(5, '0')}.m4s?{$auth}`);
  return `${[...lines, '#EXT-X-ENDLIST'].join('\n')}\n`;
}
