/** Who was given something, and giving it: to people by name or address, to groups, to everyone. */
import '@mantine/core/styles/Popover.css';
import { ActionIcon, Autocomplete, Button, NativeSelect, Skeleton, Text, TextInput } from '@mantine/core';
import { useMutation, useQuery, useQueryClient } from '@tanstack/react-query';
import { IconMail, IconUser, IconUsers, IconWorld, IconX, type Icon } from '@tabler/icons-react';
import { useState } from 'react';
import type { Entitlement } from '../../../lib/contract/entitlement.ts';
import type { Person } from '../../../lib/contract/person.ts';
import { call } from '../api/client.ts';
import { entitlementsQuery, peopleQuery } from '../api/queries.ts';
import { Copy } from '../shared/Copy.tsx';
import { exact } from '../shared/format.ts';
import { notify } from '../shared/notify.tsx';
import { useCalled } from '../shared/people.tsx';
import { Failure } from '../shared/states.tsx';
import { lifetimes } from '../video/links.ts';
import { conditions, NO_LIMITS, said, subjectOf, whom, type Fields, type Kind, type Whom } from './giving.ts';
import { useSearch, type Outcome, type Search } from './search.ts';
import classes from './sharing.module.css';

interface Props {
  /** `video:{id}` and the like. */
  readonly resource: string;
  /** Its page, to be sent to who is invited. */
  readonly address: string;
}

export function Giving({ resource, address }: Props) {
  const { data, error, isPending, refetch } = useQuery(entitlementsQuery(resource));
  const grants = data?.entitlements ?? [];
  const isWaiting = grants.some(({ pendingUntil }) => pendingUntil !== undefined && pendingUntil * 1000 > Date.now());
  return (
    <>
      {isPending ? (
        <Skeleton height={88} />
      ) : !data ? (
        <Failure error={error} retry={() => void refetch()} />
      ) : (
        <ul className={classes.grants} aria-label="Who it was given to">
          {grants.map((grant) => (
            <Row key={grant.id} grant={grant} />
          ))}
          {grants.length === 0 && <li className={classes.kind}>Nobody yet.</li>}
        </ul>
      )}
      {data?.cursor != null && (
        <Text c="dimmed" size="sm" component="p">
          And more: these are the first {grants.length}.
        </Text>
      )}
      {isWaiting && (
        <>
          <Text c="dimmed" size="sm" component="p">
            Sluice sends no mail. Send this address to whom you invited: they are let in when they sign in with theirs.
          </Text>
          <Copy text={address} label="Address for who is invited" />
        </>
      )}
      <Give resource={resource} />
    </>
  );
}

const ICONS: Readonly<Record<Whom['kind'], Icon>> = {
  person: IconUser,
  invited: IconMail,
  group: IconUsers,
  everyone: IconWorld,
};

function Row({ grant }: { grant: Entitlement }) {
  const client = useQueryClient();
  const who = whom(grant.subject);
  const called = useCalled(who.kind === 'person' ? who.subject : '');
  const name = who.kind === 'person' ? called.name : who.name;
  const Picture = ICONS[who.kind];
  const { expiresAt } = grant;
  const remove = useMutation({
    mutationFn: () => call('DELETE /api/entitlements/{grant}', { params: { grant: grant.id } }),
    onSettled: () => client.invalidateQueries({ queryKey: ['entitlements', grant.resource] }),
    onError: (error) => notify({ color: 'red', title: 'Not taken back', message: error.message }),
  });
  return (
    <li>
      <Picture size={18} stroke={1.6} className={classes.kind} aria-hidden />
      <span className={classes.whom}>
        <strong title={who.kind === 'person' ? called.title : name}>{name}</strong>
        <small title={expiresAt === undefined ? undefined : exact(expiresAt * 1000)}>{said(grant, Date.now())}</small>
      </span>
      <ActionIcon
        variant="subtle"
        color="gray"
        aria-label={`Remove ${name}`}
        loading={remove.isPending}
        onClick={() => remove.mutate()}
      >
        <IconX size={16} />
      </ActionIcon>
    </li>
  );
}

const KINDS: readonly { readonly value: Kind; readonly label: string }[] = [
  { value: 'person', label: 'Somebody' },
  { value: 'group', label: 'A group' },
  { value: 'everyone', label: 'Everyone' },
];
const HEIGHTS = [360, 480, 720, 1080, 1440];
const SESSIONS = [1, 2, 3, 5, 10];

function Give({ resource }: { resource: string }) {
  const client = useQueryClient();
  const [kind, setKind] = useState<Kind>('person');
  const [text, setText] = useState('');
  const [fields, setFields] = useState<Fields>(NO_LIMITS);
  const [picked, setPicked] = useState<{ readonly label: string; readonly person: Person | undefined }>();
  // What was picked stands in the field as long as nothing else is typed.
  const chosen = picked?.label === text ? picked.person : undefined;
  const search = useSearch(kind === 'person' && chosen === undefined ? text : '');
  const hint = hintOf(search);
  const trimmed = text.trim();
  const give = useMutation({
    mutationFn: async () => {
      const named = async () => {
        // What was typed too fast to be looked up yet is looked up now.
        const found =
          chosen === undefined && trimmed.length > 1 ? await client.fetchQuery(peopleQuery(trimmed)) : undefined;
        return subjectOf(text, chosen, found?.people ?? []);
      };
      const subject = kind === 'everyone' ? 'everyone' : kind === 'group' ? `group:${trimmed}` : await named();
      return await call('POST /api/entitlements', {
        body: { resource, subject, ...conditions(fields, Date.now()) },
      });
    },
    onSuccess: () => {
      setText('');
      return client.invalidateQueries({ queryKey: ['entitlements', resource] });
    },
  });
  const isReady = kind === 'everyone' || trimmed !== '';
  const limit = (
    name: keyof Fields,
    label: string,
    none: string,
    options: readonly { value: string; label: string }[],
  ) => (
    <NativeSelect
      label={label}
      data={[{ value: '', label: none }, ...options]}
      value={fields[name]}
      onChange={(event) => setFields({ ...fields, [name]: event.currentTarget.value })}
    />
  );
  return (
    <form
      className={classes.form}
      onSubmit={(event) => {
        event.preventDefault();
        if (isReady) give.mutate();
      }}
    >
      <div className={classes.who}>
        <NativeSelect
          label="Give to"
          data={[...KINDS]}
          value={kind}
          onChange={(event) => {
            setKind(event.currentTarget.value as Kind);
            setText('');
            give.reset();
          }}
        />
        {kind === 'person' && (
          <Autocomplete
            label="Person"
            placeholder="Name or e-mail address"
            value={text}
            maxLength={265}
            data={[...search.choices.keys()]}
            // The API has looked; it also finds what is spelt without accents.
            filter={({ options }) => options}
            error={give.error?.message}
            onChange={setText}
            onOptionSubmit={(label) => setPicked({ label, person: search.choices.get(label) })}
          />
        )}
        {kind === 'group' && (
          <TextInput
            label="Group"
            placeholder="As the sign-in service names it"
            value={text}
            maxLength={250}
            error={give.error?.message}
            onChange={(event) => setText(event.currentTarget.value)}
          />
        )}
      </div>
      {kind === 'person' && hint !== undefined && (
        <Text c="dimmed" size="sm" component="p" role="status">
          {hint}
        </Text>
      )}
      {kind === 'everyone' && (
        <Text c={give.error ? 'red' : 'dimmed'} size="sm" component="p" role={give.error ? 'alert' : undefined}>
          {give.error?.message ?? 'Whoever has the address, signed in or not.'}
        </Text>
      )}
      <div className={classes.limits}>
        {limit(
          'seconds',
          'For how long',
          'Until removed',
          lifetimes.slice(3).map(({ value, label }) => ({ value: String(value), label })),
        )}
        {limit(
          'maxHeight',
          'Up to',
          'Any height',
          HEIGHTS.map((height) => ({ value: String(height), label: `${height}p` })),
        )}
        {limit(
          'maxSessions',
          'At a time',
          'Any number',
          SESSIONS.map((many) => ({ value: String(many), label: many === 1 ? '1 player' : `${many} players` })),
        )}
        <TextInput
          label="Only in"
          placeholder="DE, AT"
          title="Countries by their two letters (ISO 3166-1). Empty: everywhere."
          value={fields.countries}
          maxLength={1000}
          onChange={(event) => setFields({ ...fields, countries: event.currentTarget.value })}
        />
      </div>
      <Button
        type="submit"
        variant="default"
        className={classes.add ?? ''}
        loading={give.isPending}
        disabled={!isReady}
      >
        Add
      </Button>
    </form>
  );
}

const HINTS: Readonly<Record<Outcome, string>> = {
  unreachable: 'Names cannot be looked up now. An e-mail address can be given all the same.',
  more: 'There are more: type on.',
  none: 'Nobody here is called so. Give an e-mail address, or a subject (sub) of the sign-in service.',
};
const INVITED = 'Nobody has signed in with this address yet. They are let in when they first do.';

const hintOf = ({ outcome, asked }: Pick<Search, 'outcome' | 'asked'>): string | undefined =>
  outcome === 'none' && asked.includes('@') ? INVITED : outcome && HINTS[outcome];
