/** What maps are drawn with: the console's colours and font, and the states' signs, in the scheme of this moment. */
import { drawMark, markColours } from './marks.ts';
import type { DeviceState } from './words.ts';

export interface Look {
  readonly colours: Readonly<
    Record<'land' | 'water' | 'border' | 'surface' | 'text' | 'dim' | 'accent' | 'bad', string>
  >;
  readonly font: string;
  readonly marks: Readonly<Record<DeviceState, HTMLCanvasElement>>;
}

let last: { readonly scheme: string | null; readonly look: Look } | undefined;

export function lookNow(): Look {
  const root = document.documentElement;
  const scheme = root.getAttribute('data-mantine-color-scheme');
  if (last?.scheme === scheme) return last.look;
  const style = getComputedStyle(root);
  const of = (name: string) => style.getPropertyValue(name).trim();
  const surface = of('--surface');
  const marks = Object.entries(markColours).map(([state, name]) => {
    return [state, drawMark(state as DeviceState, of(name), surface)] as const;
  });
  const look: Look = {
    colours: {
      land: of('--map-land'),
      water: of('--map-water'),
      border: of('--map-border'),
      surface,
      text: of('--mantine-color-text'),
      dim: of('--mantine-color-dimmed'),
      accent: of('--accent'),
      bad: of('--bad'),
    },
    font: getComputedStyle(document.body).fontFamily,
    marks: Object.fromEntries(marks) as Look['marks'],
  };
  last = { scheme, look };
  return look;
}
