/** How much of something each of a few has: a table whose rows have a bar. */
import { Figure } from './Figure.tsx';
import type { Sheet } from './sheet.ts';
import classes from './insight.module.css';

interface Props {
  readonly title: string;
  readonly file: string;
  readonly sheet: Sheet;
  readonly nothing: string;
  /** Column that the bars are of. */
  readonly by?: number;
}

export function Bars({ title, file, sheet, nothing, by = 1 }: Props) {
  const most = Math.max(...sheet.rows.map((row) => Number(row[by]![0])));
  return (
    <Figure title={title} file={file} sheet={sheet} nothing={nothing} isTable>
      <table className={classes.bars}>
        <thead>
          <tr>
            {sheet.columns.map(({ field, title: heading }) => (
              <th key={field} scope="col">
                {heading}
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {sheet.rows.map((row) => (
            <tr key={row[0]![1]}>
              <th scope="row">
                {row[0]![1]}
                <span aria-hidden className={classes.bar}>
                  <span style={{ width: `${most > 0 ? (100 * Number(row[by]![0])) / most : 0}%` }} />
                </span>
              </th>
              {row.slice(1).map(([, said], at) => (
                <td key={sheet.columns[at + 1]!.field}>{said}</td>
              ))}
            </tr>
          ))}
        </tbody>
      </table>
    </Figure>
  );
}
