/** What people are called. Names are asked for together, a moment after the first of them is to be shown. */
import { queryOptions, useQueries, useQuery } from '@tanstack/react-query';
import type { Person } from '../../../lib/contract/person.ts';
import { call } from '../api/client.ts';
import { usePerson } from '../auth/SessionContext.tsx';

interface Waiting {
  readonly subject: string;
  readonly resolve: (person: Person | null) => void;
  readonly reject: (error: unknown) => void;
}

/** Subjects of one question. */
const MOST = 100;
let waiting: Waiting[] = [];

async function ask(): Promise<void> {
  const asked = waiting;
  waiting = [];
  const all = [...new Set(asked.map(({ subject }) => subject))];
  for (let at = 0; at < all.length; at += MOST) {
    const subjects = all.slice(at, at + MOST);
    const mine = asked.filter(({ subject }) => subjects.includes(subject));
    try {
      const { people } = await call('POST /api/people/names', { body: { subjects } });
      for (const { subject, resolve } of mine) resolve(people.find((one) => one.subject === subject) ?? null);
    } catch (error) {
      for (const { reject } of mine) reject(error);
    }
  }
}

/** Null: who is in no directory. */
export const personQuery = (subject: string) =>
  queryOptions({
    queryKey: ['person', subject],
    queryFn: () =>
      new Promise<Person | null>((resolve, reject) => {
        if (waiting.length === 0) setTimeout(() => void ask());
        waiting.push({ subject, resolve, reject });
      }),
    staleTime: 300_000,
    retry: false,
  });

export const calledBy = ({ name, email, subject }: Person): string => name ?? email ?? subject;

/** What to call somebody, and all that is known of them. `isKnown`: it will not change any more. */
export function useCalled(subject: string): {
  readonly name: string;
  readonly title: string;
  readonly isKnown: boolean;
} {
  const isSelf = usePerson().subject === subject;
  const { data, isPending } = useQuery({ ...personQuery(subject), enabled: !isSelf && subject !== '' });
  if (isSelf) return { name: 'you', title: subject, isKnown: true };
  const name = data ? calledBy(data) : subject;
  const title = [data?.name, data?.email, subject].filter((one) => typeof one === 'string').join('\n');
  return { name, title, isKnown: !isPending };
}

/** Their name, else address, else subject. Its room is kept while it is asked for. */
export function Called({ subject, className }: { subject: string; className?: string | undefined }) {
  const { name, title, isKnown } = useCalled(subject);
  return (
    <span className={className} title={title} style={isKnown ? undefined : { opacity: 0 }}>
      {name}
    </span>
  );
}

/** What those of them are called that are in the directory. */
export function useNames(subjects: readonly string[]): ReadonlyMap<string, string> {
  const asked = [...new Set(subjects)];
  const answers = useQueries({ queries: asked.map((subject) => personQuery(subject)) });
  return new Map(
    asked.flatMap((subject, index) => {
      const person = answers[index]?.data;
      return person ? [[subject, calledBy(person)] as const] : [];
    }),
  );
}
