/** The directory: filled by who signs in, asked by who shares, erased on demand. */
import { required } from '../../lib/contract/env.ts';
import { mailAddress } from '../../lib/contract/mail.ts';
import { MOST_FOUND } from '../../lib/contract/person.ts';
import { cut } from '../../lib/contract/text.ts';
import { ApiError, refusedField } from '../shared/errors.ts';
import type { Handlers } from '../shared/http.ts';
import { Issuer } from '../shared/issuer.ts';
import { isAdmin } from '../shared/viewer.ts';
import { LEAST, LONGEST_TERM, maySearch, searchable, shownTo } from './directory.ts';
import { readIdToken } from './id-token.ts';
import { redeem } from './invitations.ts';
import { erasePerson, findPeople, peopleWith, readPeople, rememberPerson } from './people-rows.ts';

type PeopleRoutes = Pick<
  Handlers<'sharing'>,
  'PUT /api/people/me' | 'GET /api/people' | 'POST /api/people/names' | 'DELETE /api/people/{subject}'
>;

/** Made at the first use: it keeps the issuer's keys. */
let made: Issuer | undefined;
const issuer = (): Issuer => (made ??= new Issuer(required('ISSUER')));

export const peopleRoutes: PeopleRoutes = {
  'PUT /api/people/me': async ({ viewer, body: { idToken } }) => {
    const { subject } = viewer;
    const person = await readIdToken(issuer(), idToken, { clientId: required('CLIENT_ID'), subject });
    await rememberPerson(person);
    const granted = person.email === undefined ? 0 : await redeem(person.email, subject);
    const shown = shownTo(viewer, person) ?? { subject, name: null, email: null };
    return { ...shown, granted };
  },

  'GET /api/people': async ({ viewer, query: { q } }) => {
    const mail = mailAddress(q);
    if (!maySearch(viewer)) {
      // Who knows an address is told whose it is.
      const people = mail === undefined ? [] : (await peopleWith(mail)).slice(0, MOST_FOUND);
      return {
        people: people.map(({ sub, name, email = null }) => ({ subject: sub, name: name ?? null, email })),
        isWhole: true,
      };
    }
    const term = mail ?? cut(searchable(q), LONGEST_TERM);
    if (Array.from(term).length < LEAST) throw refusedField('query.q', `must be ${LEAST} characters or more`);
    const { people, isWhole } = await findPeople(term, MOST_FOUND);
    return { people: people.flatMap((one) => shownTo(viewer, one) ?? []), isWhole };
  },

  'POST /api/people/names': async ({ viewer, body: { subjects } }) => ({
    people: (await readPeople(subjects)).flatMap((one) => shownTo(viewer, one) ?? []),
  }),

  'DELETE /api/people/{subject}': async ({ viewer, params: { subject } }) => {
    if (subject !== viewer.subject && !isAdmin(viewer))
      throw new ApiError('forbidden', 'Only administrators erase somebody else from the directory.');
    await erasePerson(subject);
    return undefined;
  },
};
