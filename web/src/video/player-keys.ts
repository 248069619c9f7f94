/** The player's keys, anywhere on the video's screen. Pure: says what to do, does nothing. */

export type PlayerAction =
  | { readonly do: 'toggle' | 'mute' | 'fullscreen' | 'captions' }
  | { readonly do: 'seek'; readonly by: number }
  | { readonly do: 'jump'; readonly to: number }
  | { readonly do: 'volume'; readonly by: number };

/** `key` as the keyboard event names it. Undefined: not ours. `jump.to` is a fraction of the length. */
export function actionOf(key: string): PlayerAction | undefined {
  if (/^[0-9]$/.test(key)) return { do: 'jump', to: Number(key) / 10 };
  const name = key.length === 1 ? key.toLowerCase() : key;
  return Object.hasOwn(actions, name) ? actions[name] : undefined;
}

const actions: Readonly<Record<string, PlayerAction>> = {
  ' ': { do: 'toggle' },
  k: { do: 'toggle' },
  j: { do: 'seek', by: -10 },
  l: { do: 'seek', by: 10 },
  ArrowLeft: { do: 'seek', by: -5 },
  ArrowRight: { do: 'seek', by: 5 },
  ArrowUp: { do: 'volume', by: 0.1 },
  ArrowDown: { do: 'volume', by: -0.1 },
  f: { do: 'fullscreen' },
  m: { do: 'mute' },
  c: { do: 'captions' },
};
