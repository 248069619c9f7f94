/** Sharing: what lets others in: grants, collections that are given as one, links, and keys; and who these others are. */
import { required } from '../../lib/contract/env.ts';
import { serve } from '../shared/http.ts';
import { bulkRoutes } from './bulk.ts';
import { collectionRoutes } from './collections.ts';
import { entitlementRoutes } from './entitlements.ts';
import { keyRoutes } from './keys.ts';
import { linkRoutes } from './links.ts';
import { peopleRoutes } from './people.ts';

export const handler = serve<'sharing'>(required('GROUPS_CLAIM'), {
  ...entitlementRoutes,
  ...bulkRoutes,
  ...collectionRoutes,
  ...keyRoutes,
  ...linkRoutes,
  ...peopleRoutes,
});
