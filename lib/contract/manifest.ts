/** What a manifest says to players that look for it. */

/**
 * Stands in a multivariant playlist while renditions are being made that the next one will list (EXT-X-SESSION-DATA, RFC
 * 8216bis 4.4.6.4). Players that do not know it leave it alone.
 */
export const GROWS = '#EXT-X-SESSION-DATA:DATA-ID="io.sluice.grows",VALUE="YES"';

/** Names of what else stands there as session data: the title, and the path of the pictures for scrubbing. */
export const TITLE_ID = 'io.sluice.title';
export const STORYBOARD_ID = 'io.sluice.storyboard';

/** The address that events of this session go to (docs/insight.md): as session data, and as a header of every manifest. */
export const EVENTS_ID = 'io.sluice.events';
export const EVENTS_HEADER = 'sluice-events';
