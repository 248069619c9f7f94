/** What the library is asked beside words, status and tag, as people write it and as the address has it. Pure. */
import type { Person } from '../../../lib/contract/person.ts';
import type { More } from '../api/queries.ts';
import { fromField, toField } from '../device/day.ts';
import { moment } from '../shared/format.ts';
import { visibilities } from '../video/links.ts';
import { circleOf, placeOf, textOf } from './circle.ts';
import { moreOf } from './more.ts';

/** Metres around a place. */
export const DISTANCES = [
  { value: '100', label: '100 m' },
  { value: '1000', label: '1 km' },
  { value: '5000', label: '5 km' },
  { value: '20000', label: '20 km' },
  { value: '50000', label: '50 km' },
] as const;
const USUAL = '1000';

const distance = (metres: string): string =>
  DISTANCES.find(({ value }) => value === metres)?.label ?? `${Number(metres)} m`;

/** What is asked for around a place, in words. */
const around = (place: string, metres: string): string => `Within ${distance(metres)} of ${place}`;

/** The circle that fields ask for, and in words; neither where they name no place. */
export function circleIn({ near, within }: More) {
  const circle = circleOf(near, within);
  return { circle, said: circle ? around(textOf(circle.lat, circle.lon), within) : '' };
}

/** As fields show it: times in the reader's own zone. */
export const fieldsOf = (more: More): More => ({
  ...moreOf((name) => more[name]),
  near: more.near.replace(',', ', '),
  within: more.within === '' ? USUAL : more.within,
  recordedFrom: fieldOf(more.recordedFrom),
  recordedTo: fieldOf(more.recordedTo),
});

function fieldOf(time: string): string {
  const at = Date.parse(time);
  return Number.isNaN(at) ? '' : toField(at);
}

type Asked = { readonly more: More } | { readonly wrong: keyof More; readonly why: string };

/** What fields ask for, or which of them is wrong and why. */
export function askedOf(fields: More): Asked {
  const near = placeOf(fields.near);
  if (near === undefined)
    return { wrong: 'near', why: 'Write latitude and longitude in degrees, as in 52.52, 13.405.' };
  const [recordedFrom, recordedTo] = [timeOf(fields.recordedFrom), timeOf(fields.recordedTo)];
  if (isEarlier(fields.to, fields.from)) return { wrong: 'to', why: 'This day is before the first.' };
  if (isEarlier(recordedTo, recordedFrom)) return { wrong: 'recordedTo', why: 'This is before the beginning.' };
  return { more: { ...fields, near, within: near === '' ? '' : fields.within, recordedFrom, recordedTo } };
}

const isEarlier = (a: string, b: string): boolean => a !== '' && b !== '' && a < b;

function timeOf(field: string): string {
  const at = fromField(field);
  return at === undefined ? '' : new Date(at).toISOString();
}

/**
 * Whose videos a text means: of whom it was found with the one who is called just so, else the only one; of whom nobody knows, their
 * subject as the sign-in service has it. Undefined: of several, or of more than were found, it does not say whom.
 */
export function ownerOf(
  text: string,
  { people, isWhole }: { readonly people: readonly Person[]; readonly isWhole: boolean },
): string | undefined {
  const meant = text.trim().toLocaleLowerCase();
  const exact = people.filter(({ name, email, subject }) =>
    [name, email, subject].some((one) => one?.toLocaleLowerCase() === meant),
  );
  const [only, ...others] = exact.length > 0 ? exact : people;
  if (only === undefined) return text.trim();
  return others.length === 0 && (isWhole || exact.length > 0) ? only.subject : undefined;
}

interface Chip {
  readonly label: string;
  /** What taking it off makes of the address. */
  readonly off: Partial<More>;
}

/** `owner`: what the one that is set is called. */
export function chipsOf(more: More, owner: string = more.owner): Chip[] {
  const chip = (name: keyof More, label: (value: string) => string, off: Partial<More> = {}): Chip[] =>
    more[name] === '' ? [] : [{ label: label(more[name]), off: { [name]: '', ...off } }];
  const time = (text: string) => (Number.isNaN(Date.parse(text)) ? text : moment(new Date(text)));
  return [
    ...chip('owner', () => `Owner: ${owner}`),
    ...chip('visibility', (name) =>
      Object.hasOwn(visibilities, name) ? visibilities[name as keyof typeof visibilities].label : name,
    ),
    ...chip('from', (day) => `Uploaded since ${day}`),
    ...chip('to', (day) => `Uploaded until ${day}`),
    ...chip('near', (place) => around(place.replace(',', ', '), more.within || USUAL), {
      within: '',
    }),
    ...chip('recordedFrom', (at) => `Recorded since ${time(at)}`),
    ...chip('recordedTo', (at) => `Recorded until ${time(at)}`),
  ];
}
