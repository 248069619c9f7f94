/** How a session of the sessions table ends: by its player, by somebody, or since its right is gone. */
import { DeleteCommand, PutCommand } from '@aws-sdk/lib-dynamodb';
import type { EndedBy, SessionRow } from '../../lib/contract/session.ts';
import { parseTicket } from '../../lib/contract/ticket.ts';
import { dynamo } from './clients.ts';
import { refuse } from './session-edge.ts';
import { holderOf, nameOf, placeOf, sessionsOf, slotOf, TableName, type Key } from './sessions.ts';
import { unlessRefused } from './unless-refused.ts';

const DAY = 86_400;

/**
 * A player that goes. `player` is what it called itself: one without a name has a signature for the whole video, and keeps its place for as
 * long. The place of one that is counted is free at once, and what it still has of a signature is refused at the edge; of others, and of
 * who does so too often, it is over in ten minutes by itself, which no entry of the edge's store need say. Harmless when there is no
 * such session.
 */
export async function leave(what: string, player: string, text: string, now = Date.now()): Promise<void> {
  const ticket = parseTicket(text);
  if (ticket === undefined) return;
  const { subject, link } = ticket;
  const who = holderOf(subject, link, player);
  if (await remove({ who, place: placeOf(what, player) }, text)) return;
  if (subject === undefined) return;
  const row = (await sessionsOf(who)).find(
    (one) => slotOf(one) !== undefined && one.ticket === text && one.player === player && one.what === what,
  );
  if (row === undefined) return;
  // First the edge, then the place: whoever takes it must not be one more.
  if (await refuse(row, now)) await remove(row, text);
}

/** Deletes the row of this ticket, unless it was ended: that is still to be told. */
const remove = async ({ who, place }: Key, ticket: string): Promise<boolean> =>
  (await unlessRefused(
    dynamo.send(
      new DeleteCommand({
        TableName: TableName(),
        Key: { who, place },
        ConditionExpression: 'ticket = :ticket AND attribute_not_exists(endedAt)',
        ExpressionAttributeValues: { ':ticket': ticket },
      }),
    ),
  )) !== undefined;

/**
 * Ends a session: its place is free, and its player is told by whom when it asks again. What it still has of signatures is
 * for the edge to refuse. First the word that it is over, then the place: one that renews in between meets either.
 */
export async function endSession(row: SessionRow, by: EndedBy, now = Date.now()): Promise<void> {
  const { what, player, session, place, right: _, ...rest } = row;
  if (what === undefined) return;
  const over = {
    ...rest,
    place: placeOf(what, nameOf(player, session)),
    session,
    ...(player !== undefined && { player }),
    endedAt: new Date(now).toISOString(),
    endedBy: by,
    // For as long as somebody may come back to a page that stood open.
    expiresAt: Math.max(row.expiresAt, Math.floor(now / 1000) + DAY),
  };
  await dynamo.send(new PutCommand({ TableName: TableName(), Item: over }));
  if (slotOf({ place }) !== undefined) await remove({ who: row.who, place }, row.ticket);
}

/** Deletes the row of a session whose right is gone, so that its player is decided about anew, and begins another if it may. */
export const forgetSession = ({ who, place, ticket }: SessionRow): Promise<boolean> => remove({ who, place }, ticket);
