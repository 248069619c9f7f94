/** Tickets, by which connections begin: a token in the address of a WebSocket would stand in logs for as long as it is good. */
import { decodeJwt } from 'jose';
import { required } from '../../lib/contract/env.ts';
import { TICKET_SECONDS } from '../../lib/contract/presence.ts';
import { fromOf } from '../shared/from.ts';
import { serve } from '../shared/http.ts';
import { putTicket } from './rows.ts';

export const api = serve<'presence'>(required('GROUPS_CLAIM'), {
  'POST /api/presence': async ({ viewer, headers }) => {
    const now = Math.floor(Date.now() / 1000);
    const until = now + TICKET_SECONDS;
    const { ip, country } = fromOf(headers, required('PUBLIC_URL'));
    const { subject, groups } = viewer;
    const tokenEnds = endOf(headers['authorization'] ?? '', now);
    const ticket = await putTicket(
      { subject, groups: [...groups], origin: headers['origin'], ip, country, tokenEnds },
      until,
    );
    return { ticket, expiresAt: new Date(until * 1000).toISOString() };
  },
});

/** Of a token that says no end, seconds: a new ticket is to be asked for then. */
const HOUR = 3600;

/** Epoch seconds. The header holds the one token that the authorizer let in (lambdas/shared/bearer.ts). */
const endOf = (authorization: string, now: number): number =>
  decodeJwt(authorization.trim().replace(/^bearer +/i, '')).exp ?? now + HOUR;
