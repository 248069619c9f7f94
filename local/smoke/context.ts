/** What a step of the run is handed. */
import type { Question } from './questions.ts';
import type { Deployed, Where } from './where.ts';

export interface Context {
  readonly where: Where;
  /** As it is now. @throws SmokeError before the first deploy. */
  readonly deployed: Deployed;
  readonly signal: AbortSignal;
  /** A line of the timeline. */
  readonly step: (line: string) => void;
  /** Passing news. */
  readonly progress: (line: string) => void;
  /** What was found out about one of the open questions. */
  settle(question: Question, answer: string): void;
}
