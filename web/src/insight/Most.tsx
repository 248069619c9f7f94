/** What was watched longest, and a way to what is known of it. */
import { useQuery } from '@tanstack/react-query';
import { Link } from 'react-router';
import type { Overview } from '../../../lib/contract/insight-api.ts';
import { Figure } from './Figure.tsx';
import { watchingQuery } from './queries.ts';
import { mostSheet } from './sheet.ts';
import { watchingCell } from './watching.ts';
import { MEASURES, saidOf } from './words.ts';
import classes from './insight.module.css';

/** Of so many it is asked how many watch at this moment, and how often, ms. */
const MOST_NOW = 20;
const NOW_EVERY = 60_000;

type Watched = Overview['most'][number];

const idOf = ({ video, device, channel }: Watched): string => video ?? `${device}/${channel}`;
const titleOf = ({ video, device, channel, title }: Watched): string =>
  title ?? (video === null ? `${device}, channel ${channel}` : 'A deleted video');

/** How many watch a video at this moment. Without an answer nothing is said of it. */
function Now({ video }: { video: string }) {
  const { data } = useQuery({ ...watchingQuery(video), refetchInterval: NOW_EVERY });
  return data && watchingCell(data);
}

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
              <th scope="col">Now</th>
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
                <td>{at < MOST_NOW && one.video !== null && one.title !== null && <Now video={one.video} />}</td>
              </tr>
            ))}
          </tbody>
        </table>
      </div>
    </Figure>
  );
}
