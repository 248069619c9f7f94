/** Sharing: grants on what there is, and collections that are given as one. */
import { required } from '../../lib/contract/env.ts';
import { serve } from '../shared/http.ts';
import { collectionRoutes } from './collections.ts';
import { entitlementRoutes } from './entitlements.ts';

export const handler = serve<'sharing'>(required('GROUPS_CLAIM'), { ...entitlementRoutes, ...collectionRoutes });
