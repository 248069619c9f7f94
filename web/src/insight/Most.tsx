/** What was watched longest, and a way to what is known of it. */
import { Link } from 'react-router';
import type { Overview } from '../../../lib/contract/insight-api.ts';
import { Figure } from './Figure.tsx';
import { mostSheet } from './sheet.ts';
import { MEASURES, saidOf } from './words.ts';
import classes from './insight.module.css';

type Watched = Overview['most'][number];

const idOf = ({ video, device, channel }: Watched): string => video ?? `${device}/${channel}`;
const titleOf = ({ video, device, channel, title }: Watched): string =>
  title ?? (video === null ? `${device}, channel ${channel}` : 'A deleted video');

export function Most({ most, file }: { most: Overview['most']; file: string }) {
  const named = most.map((one) => ({ ...one, id: idOf(one), title: titleOf(one) }));
  return (
    <Figure title="Watched longest" file={file} sheet={mostSheet(named)} nothing="Nothing." isTable>
      <div className={classes.scroll} tabIndex={0} role="region" aria-label="Watched longest, table">
        <table>
          <thead>
            <tr>
              <th scope="col">Title</th>
              {MEASURES.map(({ figure, title }) => (
                <th key={figure} scope="col">
                  {title}
                </th>
              ))}
            </tr>
          </thead>
          <tbody>
            {most.map((one, at) => (
              <tr key={named[at]!.id}>
                <th scope="row">
                  {one.video !== null && one.title === null ? (
                    titleOf(one)
                  ) : (
                    <Link to={one.video === null ? `/d/${one.device}` : `/v/${one.video}/insight`}>{titleOf(one)}</Link>
                  )}
                </th>
                {MEASURES.map((measure) => (
                  <td key={measure.figure}>{saidOf(measure, one)}</td>
                ))}
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Figure>
  );
}
