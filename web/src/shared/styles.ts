/**
 * Styles of a part that did not come are asked for again until they have: what loads the parts (Vite) asks once for each file,
 * and a part that is loaded later would stand there without its looks.
 */

/** ms between two tries, and how many there are: ten minutes. */
const AGAIN = 2_000;
const TRIES = 300;

export function keepStyles(): void {
  const again = ({ target }: Event) => {
    if (!(target instanceof HTMLLinkElement) || target.rel !== 'stylesheet') return;
    const tries = Number(target.dataset['tries'] ?? 0) + 1;
    if (tries > TRIES) return;
    setTimeout(() => {
      // The same element would not ask again.
      const next = target.cloneNode() as HTMLLinkElement;
      next.dataset['tries'] = String(tries);
      target.replaceWith(next);
    }, AGAIN);
  };
  // Such errors do not bubble.
  document.addEventListener('error', again, { capture: true });
}
