/** The directory's rows (lib/contract/person.ts says how they lie in the entitlements table). */
import { DeleteCommand, GetCommand, PutCommand, QueryCommand } from '@aws-sdk/lib-dynamodb';
import { required } from '../../lib/contract/env.ts';
import {
  DIRECTORY,
  known,
  personKey,
  personRow,
  termKey,
  type Known,
  type PersonRow,
} from '../../lib/contract/person.ts';
import { batchGet } from '../shared/batch-get.ts';
import { dynamo } from '../shared/clients.ts';
import { foundKey, termsOf } from './directory.ts';

const TableName = () => required('ENTITLEMENTS_TABLE');
const keyOf = (subject: string) => ({ videoId: DIRECTORY, subject });

async function readPerson(sub: string): Promise<PersonRow | undefined> {
  const Key = keyOf(personKey(sub));
  const { Item } = await dynamo.send(new GetCommand({ TableName: TableName(), Key, ConsistentRead: true }));
  return Item === undefined ? undefined : personRow.parse(Item);
}

const put = (subject: string, row: Known | PersonRow) =>
  dynamo.send(new PutCommand({ TableName: TableName(), Item: { ...keyOf(subject), ...row } }));
const drop = (subject: string) => dynamo.send(new DeleteCommand({ TableName: TableName(), Key: keyOf(subject) }));

/** Writes what is new of somebody. Their own row names every term there may be, so that all can be erased whatever broke off. */
export async function rememberPerson(person: Known): Promise<void> {
  const [before, terms] = [await readPerson(person.sub), termsOf(person)];
  const old = before?.terms.filter((term) => !terms.includes(term)) ?? [];
  const isSame = before !== undefined && before.name === person.name && before.email === person.email;
  if (isSame && old.length === 0) return;
  const own = personKey(person.sub);
  const row = { ...person, seenAt: new Date().toISOString() };
  await put(own, { ...row, terms: [...terms, ...old] });
  for (const term of terms) await put(foundKey(term, person.sub), person);
  for (const term of old) await drop(foundKey(term, person.sub));
  if (old.length > 0) await put(own, { ...row, terms });
}

export async function erasePerson(sub: string): Promise<void> {
  for (const term of (await readPerson(sub))?.terms ?? []) await drop(foundKey(term, sub));
  await drop(personKey(sub));
}

/** Of 100 subjects at most. */
export async function readPeople(subjects: readonly string[]): Promise<Known[]> {
  const Keys = [...new Set(subjects)].map((sub) => keyOf(personKey(sub)));
  const rows = (await batchGet({ [TableName()]: { Keys } })).get(TableName()) ?? [];
  return rows.map((row) => known.parse(row));
}

/** Rows that one search looks at: somebody may be found by several of their words. */
const LOOKED_AT = 60;

/** People one of whose terms begins so, in the order of the terms. */
export async function findPeople(
  term: string,
  most: number,
): Promise<{ readonly people: Known[]; readonly isWhole: boolean }> {
  const { found, isWhole } = await look(termKey(term));
  const people = [...new Map(found.map((one) => [one.sub, one])).values()];
  return { people: people.slice(0, most), isWhole: isWhole && people.length <= most };
}

/** Who has signed in with this address. A name is what somebody says of themselves, and may read like anybody's address. */
export const peopleWith = async (email: string): Promise<Known[]> =>
  (await look(`${termKey(email)}\n`)).found.filter((one) => one.email === email);

async function look(prefix: string): Promise<{ readonly found: Known[]; readonly isWhole: boolean }> {
  const { Items = [], LastEvaluatedKey } = await dynamo.send(
    new QueryCommand({
      TableName: TableName(),
      KeyConditionExpression: 'videoId = :people AND begins_with(subject, :prefix)',
      ExpressionAttributeValues: { ':people': DIRECTORY, ':prefix': prefix },
      Limit: LOOKED_AT,
    }),
  );
  return { found: Items.map((item) => known.parse(item)), isWhole: LastEvaluatedKey === undefined };
}
