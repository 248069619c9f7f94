/** Which days are looked at: in the address, so that what one sees can be sent to somebody. */
import { NativeSelect, TextInput } from '@mantine/core';
import { useSearchParams } from 'react-router';
import { useNow } from '../shared/Time.tsx';
import { CHOICES, chosenOf, type Chosen } from './range.ts';
import classes from './insight.module.css';

export function useChosen(): Chosen {
  const [search] = useSearchParams();
  return chosenOf(search, useNow());
}

export function RangeChoice({ chosen: { choice, from, to, problem } }: { chosen: Chosen }) {
  const [, setSearch] = useSearchParams();
  const choose = (value: string) => setSearch(value === 'own' ? { from, to } : { days: value }, { replace: true });
  const day = (name: 'from' | 'to', label: string) => (
    <TextInput
      type="date"
      size="xs"
      label={label}
      value={name === 'from' ? from : to}
      onChange={({ currentTarget }) => setSearch({ from, to, [name]: currentTarget.value }, { replace: true })}
    />
  );
  return (
    <div className={classes.range}>
      <NativeSelect
        size="xs"
        label="Days (UTC)"
        data={[
          ...CHOICES.map((days) => ({ value: String(days), label: `Last ${days} days` })),
          { value: 'own', label: 'From … to …' },
        ]}
        value={String(choice)}
        onChange={({ currentTarget }) => choose(currentTarget.value)}
      />
      {choice === 'own' && (
        <>
          {day('from', 'First day')}
          {day('to', 'Last day')}
        </>
      )}
      {problem !== undefined && (
        <p className={classes.problem} role="alert">
          {problem}
        </p>
      )}
    </div>
  );
}
