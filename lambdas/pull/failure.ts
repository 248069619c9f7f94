/** How a pull ends early: for good, or for a while. */

export type PullCode =
  | 'source-address'
  | 'source-unreachable'
  | 'source-answer'
  | 'source-certificate'
  | 'source-changed'
  | 'source-not-resumable'
  | 'unsupported-type'
  | 'too-large'
  | 'over-quota'
  | 'empty-file';

/** No further try will mend it. The message is for the person whose video it is. */
export class PullFailed extends Error {
  override name = 'PullFailed';
  readonly code: PullCode;

  constructor(code: PullCode, reason: string, options?: ErrorOptions) {
    super(reason, options);
    this.code = code;
  }
}

/** The other side, or the way there, had a bad moment. The message ends a sentence: `the source …`. */
export class Interrupted extends Error {
  override name = 'Interrupted';
}

/** What lies there is not what it was when the pull began. */
export class SourceChanged extends Error {
  override name = 'SourceChanged';
}

/** The video was deleted meanwhile. */
export class Gone extends Error {
  override name = 'Gone';
}
