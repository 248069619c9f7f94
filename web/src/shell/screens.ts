/** Where the side bar leads. Pure. */
export type Screen = 'library' | 'live' | 'map';

/**
 * Without devices being taken in (`live`) there is nothing live to see, but the map leads to what they sent before: shown to
 * whoever may see one of them.
 */
export const screensOf = (live: boolean, seesDevice: boolean): readonly Screen[] =>
  live ? ['library', 'live', 'map'] : seesDevice ? ['library', 'map'] : ['library'];
