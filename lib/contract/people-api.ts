/** Routes of the directory: who people are, by what people know of one another. */
import { z } from 'zod';
import { MOST_MAIL } from './mail.ts';
import { jwt, MOST_FOUND, MOST_NAMES, person, subjects } from './person.ts';
import { subject } from './params.ts';
import type { Route } from './route.ts';
import { line } from './text.ts';

export const peopleRoutes = {
  'PUT /api/people/me': {
    stage: 'sharing',
    auth: 'user',
    status: 200,
    summary:
      'Hand in your ID token after signing in: name and verified e-mail address go to the directory, and invitations to that address become your grants. Safe to repeat.',
    body: z
      .object({
        idToken: jwt.meta({ description: 'From the same sign-in as the access token that the call is made with.' }),
      })
      .strict(),
    response: person.extend({ granted: z.int().meta({ description: 'Invitations that became grants by this call.' }) }),
  },
  'GET /api/people': {
    stage: 'sharing',
    auth: 'user',
    status: 200,
    summary: `People by how a name, a part of it or an e-mail address begins, ${MOST_FOUND} at most; who neither uploads nor is an admin finds by a whole e-mail address only.`,
    query: z.object({ q: line(MOST_MAIL) }),
    response: z.object({
      people: z.array(person),
      isWhole: z.boolean().meta({ description: 'Whether these are all.' }),
    }),
  },
  'POST /api/people/names': {
    stage: 'sharing',
    auth: 'user',
    status: 200,
    summary: `What ${MOST_NAMES} subjects at most are called; who is in no directory is left out.`,
    body: z.object({ subjects }).strict(),
    response: z.object({ people: z.array(person) }),
  },
  'DELETE /api/people/{subject}': {
    stage: 'sharing',
    auth: 'user',
    status: 204,
    summary:
      'Erase somebody from the directory: admins anybody, everybody themselves. Grants stay; the next sign-in fills it in again. Safe to repeat.',
    params: z.object({ subject }),
  },
} as const satisfies Record<string, Route>;
