/** What is used of a package that brings no types. */
declare module 'mpd-parser' {
  interface Segment {
    readonly uri: string;
    readonly resolvedUri: string;
    readonly duration: number;
    readonly presentationTime: number;
    readonly number: number;
    readonly map: { readonly resolvedUri: string };
  }
  interface Playlist {
    readonly attributes: Readonly<Record<string, unknown>>;
    readonly segments: readonly Segment[];
    readonly targetDuration: number;
    readonly endList: boolean;
  }
  interface Manifest {
    readonly duration: number;
    readonly minimumUpdatePeriod?: number;
    readonly playlists: readonly Playlist[];
    readonly mediaGroups: Readonly<
      Record<'AUDIO' | 'SUBTITLES', Readonly<Record<string, Readonly<Record<string, Group>>>>>
    >;
  }
  interface Group {
    readonly language: string;
    readonly playlists: readonly Playlist[];
  }
  export function parse(
    text: string,
    options: { manifestUri: string; eventHandler?: (event: object) => void },
  ): Manifest;
}
