/** Where the side bar leads. Pure. */
export type Screen = 'library' | 'collections' | 'live' | 'map' | 'alarms';

/**
 * Without devices being taken in (`live`) there is nothing live to see, but the map and their alarms lead to what they sent before: shown to
 * whoever may see one of them.
 */
export const screensOf = (live: boolean, seesDevice: boolean, mayUpload: boolean): readonly Screen[] => [
  'library',
  // Who uploads puts videos together; what others put together is shared with one in the library.
  ...(mayUpload ? (['collections'] as const) : []),
  ...(live ? (['live', 'map', 'alarms'] as const) : seesDevice ? (['map', 'alarms'] as const) : []),
];
