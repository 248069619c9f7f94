/** Says in words for a person why there are no tiles. */
export class NoTiles extends Error {}
