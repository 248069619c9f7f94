/** By what and where it was watched, in which renditions, how it began and what went wrong. */
import type { Figures, Overview } from '../../../lib/contract/insight-api.ts';
import { span } from '../shared/format.ts';
import { Bars } from './Bars.tsx';
import { countsSheet, sharesSheet, startupsSheet } from './sheet.ts';
import { countryName, deviceName, errorName, renditionName, whole } from './words.ts';

interface Props {
  readonly of: Pick<Overview, 'devices' | 'countries' | 'errors' | 'renditions'> & { readonly totals: Figures };
  readonly file: string;
}

export function Breakdown({ of: { devices, countries, errors, renditions, totals }, file }: Props) {
  return (
    <>
      <Bars title="How soon it began" file={file} nothing="No player told." sheet={startupsSheet(totals.startups)} />
      <Bars
        title="What went wrong"
        file={file}
        nothing="Nothing."
        sheet={countsSheet(
          'errors',
          ['Kind', 'count', 'Errors'],
          errors.map(({ kind, count }) => [
            [kind, errorName(kind)],
            [count, whole(count)],
          ]),
        )}
      />
      <Bars
        title="Renditions"
        file={file}
        nothing="No player told."
        sheet={countsSheet(
          'renditions',
          ['Rendition', 'watchSeconds', 'Watch time'],
          renditions.map(({ name, watchSeconds }) => [
            [name, renditionName(name)],
            [watchSeconds, span(watchSeconds)],
          ]),
        )}
      />
      <Bars
        title="Devices"
        file={file}
        nothing="None."
        by={2}
        sheet={sharesSheet('devices', 'Device', devices, deviceName)}
      />
      <Bars
        title="Countries"
        file={file}
        nothing="None."
        by={2}
        sheet={sharesSheet('countries', 'Country', countries, countryName)}
      />
    </>
  );
}
