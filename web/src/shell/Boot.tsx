import { ApiProblem } from '../api/problem.ts';
import classes from './shell.module.css';

/** The moment before the console knows where to sign in: an empty frame, or why it cannot go on. */
export function Boot({ error, retry }: { error?: unknown; retry?: () => void }) {
  return (
    <main className={classes.boot} aria-busy={error === undefined}>
      {error === undefined ? (
        <span className="visually-hidden">Loading</span>
      ) : (
        <div role="alert">
          <h1>The console could not start</h1>
          <p>
            {error instanceof ApiProblem
              ? error.message
              : 'The sign-in service did not answer. Check the connection and try again.'}
          </p>
          <button type="button" onClick={retry}>
            Try again
          </button>
        </div>
      )}
    </main>
  );
}
