/**
 * What lets somebody in, as a session keeps it, where it can be taken back by itself: then all that began by it is found. The first
 * line is a resource or `key:{kid}`, the second who is let in. Neither holds a line break (text.ts).
 */
import { resourceOf, subjectOf, type GrantRow } from './entitlement.ts';

/** A grant, by the pair it is of. */
export const grantRight = ({ videoId, subject }: Pick<GrantRow, 'videoId' | 'subject'>): string =>
  `${resourceOf(videoId)}\n${subjectOf(subject)}`;

const VIEWER = 'viewer:';
/** Being among the viewers of a device's record. */
export const viewerRight = (device: string, subject: string): string => `device:${device}\n${VIEWER}${subject}`;
/** Whether the second line of a right says so: no subject of a grant does. */
export const isViewer = (who: string): boolean => who.startsWith(VIEWER);

/** A registered key, whose backend says who may watch. */
export const keyRight = (kid: string): string => `key:${kid}`;

/** The resource of a right; undefined: it is a key. */
export function resourceIn(right: string): string | undefined {
  const end = right.indexOf('\n');
  return end === -1 ? undefined : right.slice(0, end);
}
