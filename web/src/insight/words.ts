/** Figures of insight as a person reads them. Pure. */
import type { Figures } from '../../../lib/contract/insight-api.ts';
import { bitRate, format, span } from '../shared/format.ts';

let numbers: Intl.NumberFormat | undefined;
/** `12,345`, as the reader writes it. */
export const whole = (value: number): string => (numbers ??= new Intl.NumberFormat()).format(value);

/** `0.4 %`, `87 %`. */
export const percent = (part: number): string => {
  const hundred = part * 100;
  return `${hundred === 0 || hundred >= 9.95 ? Math.round(hundred) : hundred.toFixed(1)} %`;
};

/** `0.85 s`: of the first picture tenths are not enough. */
export const seconds = (value: number): string => `${value < 9.95 ? Number(value.toFixed(2)) : Math.round(value)} s`;

const utcDay = format({ dateStyle: 'medium', timeZone: 'UTC' });
const utcShort = format({ day: 'numeric', month: 'short', timeZone: 'UTC' });
/** Of a UTC day, `2026-11-29`. */
export const dayName = (day: string): string => utcDay(Date.parse(day));
export const shortDay = (day: string): string => utcShort(Date.parse(day));

export type Figure = Exclude<keyof Figures, 'startups'>;

export interface Measure {
  readonly figure: Figure;
  readonly title: string;
  readonly say: (value: number) => string;
  /** Of counts there are no halves. */
  readonly isCount: boolean;
  readonly hint: string;
}

const count = (figure: Figure, title: string, hint: string): Measure => ({
  figure,
  title,
  say: whole,
  isCount: true,
  hint,
});
const other = (figure: Figure, title: string, say: (value: number) => string, hint: string): Measure => ({
  figure,
  title,
  say,
  isCount: false,
  hint,
});

/** In the order in which people ask. docs/insight.md says how each is made. */
export const MEASURES: readonly Measure[] = [
  count('views', 'Views', 'sessions that showed a picture'),
  count(
    'viewers',
    'Viewers',
    'different people, and of those who did not sign in sessions; from 256 on to within some 6 %',
  ),
  other('watchSeconds', 'Watch time', span, 'time that was shown, what was shown again too'),
  other('completion', 'Completion', percent, 'views that came to the end, of all'),
  other('startupSeconds', 'Start-up', seconds, 'from asking to play to the first picture, on average'),
  other(
    'stallRatio',
    'Stalled',
    percent,
    'of the time in which something should have played, that in which nothing did',
  ),
  count('failed', 'Failed', 'sessions that an error ended'),
  other('kbps', 'Bit rate', (kbps) => bitRate(kbps * 1000), 'of what was shown, on average'),
  count('score', 'Score', 'how well it played, from 0 to 100'),
];

/** `–`: nobody told. */
export const saidOf = ({ figure, say }: Measure, figures: Figures): string => {
  const value = figures[figure];
  return value === null ? '–' : say(value);
};

const DEVICES: Readonly<Record<string, string>> = {
  desktop: 'Computer',
  mobile: 'Phone',
  tablet: 'Tablet',
  tv: 'Television',
  other: 'Other',
};
const ERRORS: Readonly<Record<string, string>> = {
  network: 'Network',
  manifest: 'Playlist',
  media: 'Media',
  decode: 'Decoding',
  drm: 'Licence',
  source: 'Source',
  other: 'Other',
};
export const deviceName = (kind: string): string => DEVICES[kind] ?? kind;
export const errorName = (kind: string): string => ERRORS[kind] ?? kind;
export const renditionName = (name: string): string => (name === 'other' ? 'Other' : name);

let regions: Intl.DisplayNames | undefined;
/** By ISO 3166 code; `ZZ`: nobody knows. */
export function countryName(code: string): string {
  if (code === 'ZZ' || !/^[A-Z]{2}$/.test(code)) return 'Unknown';
  return (regions ??= new Intl.DisplayNames(undefined, { type: 'region' })).of(code) ?? code;
}
