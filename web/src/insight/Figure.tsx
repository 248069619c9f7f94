/** The frame of every plot: what it shows, the same as a table and as a file. */
import { Button } from '@mantine/core';
import { IconDownload } from '@tabler/icons-react';
import { useId, useState, type ReactNode } from 'react';
import { csvOf, type Sheet } from './sheet.ts';
import classes from './insight.module.css';

interface Props {
  readonly title: string;
  /** Names of files begin with it. */
  readonly file: string;
  readonly sheet: Sheet;
  /** Beside the title. */
  readonly beside?: ReactNode;
  /** What is shown is a table itself. */
  readonly isTable?: boolean;
  /** What is said where there is nothing to show. */
  readonly nothing: string;
  readonly children: ReactNode;
}

export function Figure({ title, file, sheet, beside, isTable = false, nothing, children }: Props) {
  const name = useId();
  return (
    <figure className={classes.figure} aria-labelledby={name}>
      <figcaption>
        <strong id={name}>{title}</strong>
        {beside}
        {sheet.rows.length > 0 && (
          <Button
            variant="subtle"
            color="gray"
            size="compact-xs"
            className={classes.csv ?? ''}
            leftSection={<IconDownload size={14} aria-hidden />}
            aria-label={`CSV: ${title}`}
            onClick={() => save(`${file}-${sheet.name}.csv`, csvOf(sheet))}
          >
            CSV
          </Button>
        )}
      </figcaption>
      {sheet.rows.length === 0 ? <p className={classes.dim}>{nothing}</p> : children}
      {sheet.rows.length > 0 && !isTable && <AsTable title={title} sheet={sheet} />}
    </figure>
  );
}

/** Made when it is opened: of a long video it has hundreds of rows. */
function AsTable({ title, sheet: { columns, rows } }: { title: string; sheet: Sheet }) {
  const [isOpen, setOpen] = useState(false);
  return (
    <details className={classes.asTable} onToggle={({ currentTarget }) => setOpen(currentTarget.open)}>
      <summary>As a table</summary>
      {isOpen && (
        <div className={classes.scroll} tabIndex={0} role="region" aria-label={`${title}, table`}>
          <table>
            <thead>
              <tr>
                {columns.map((column) => (
                  <th key={column.field} scope="col">
                    {column.title}
                  </th>
                ))}
              </tr>
            </thead>
            <tbody>
              {rows.map(([first, ...others]) => (
                <tr key={first![1]}>
                  <th scope="row">{first![1]}</th>
                  {others.map(([, said], at) => (
                    <td key={columns[at + 1]!.field}>{said}</td>
                  ))}
                </tr>
              ))}
            </tbody>
          </table>
        </div>
      )}
    </details>
  );
}

function save(name: string, text: string): void {
  const url = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
  Object.assign(document.createElement('a'), { href: url, download: name }).click();
  // The browser has it by then.
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
