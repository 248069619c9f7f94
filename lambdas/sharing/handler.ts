/** Sharing: what lets others in. */
import { required } from '../../lib/contract/env.ts';
import { serve } from '../shared/http.ts';
import { keyRoutes } from './keys.ts';
import { linkRoutes } from './links.ts';

export const handler = serve<'sharing'>(required('GROUPS_CLAIM'), { ...keyRoutes, ...linkRoutes });
