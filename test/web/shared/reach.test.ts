import { describe, expect, it } from 'vitest';
import { Reaching, type Reach } from '../../../web/src/shared/reach.ts';

describe('whether the platform is reached', () => {
  /** What was said, in order, and how often it was looked into. */
  function watched(hasNetwork = true) {
    const seen = { said: [] as Reach[], looks: 0 };
    const reaching = new Reaching(hasNetwork, () => (seen.looks += 1));
    reaching.subscribe(() => seen.said.push(reaching.now));
    return { reaching, seen };
  }

  it('is what the browser says of its network', () => {
    expect(watched(false).reaching.now).toBe('offline');
    const { reaching, seen } = watched();
    reaching.network(false);
    for (let i = 0; i < 5; i += 1) reaching.failed();
    reaching.network(true);
    expect(seen).toEqual({ said: ['offline', 'reached'], looks: 0 });
  });

  it('is no, too, where it answers nothing at all; one call that fails says nothing of it', () => {
    const { reaching, seen } = watched();
    reaching.failed();
    reaching.answered();
    reaching.failed();
    expect(seen.looks).toBe(0);
    reaching.failed();
    reaching.failed();
    expect(seen).toEqual({ said: [], looks: 1 });
    reaching.silent();
    reaching.silent();
    expect(seen.said).toEqual(['unreachable']);
    reaching.answered();
    expect(seen.said).toEqual(['unreachable', 'reached']);
  });

  it('is yes where a part of it fails and the rest answers', () => {
    const { reaching, seen } = watched();
    for (let i = 0; i < 4; i += 1) {
      reaching.failed();
      reaching.failed();
      reaching.answered();
    }
    expect(seen).toEqual({ said: [], looks: 4 });
  });

  it('starts over with the network: what failed before it was there says nothing', () => {
    const { reaching, seen } = watched();
    reaching.failed();
    reaching.network(false);
    reaching.network(true);
    reaching.failed();
    expect(seen.looks).toBe(0);
  });
});
