/** The handlers by which rights are taken back, beside one another on a real engine. */
import type { callRoute } from '../engine.ts';
import { startFleet, type Fleet } from '../devices/fleet.ts';

type Handler = Parameters<typeof callRoute>[0];

export interface Stages {
  readonly fleet: Fleet;
  /** By stage: `sharing`, `catalog`, `devices`. */
  readonly handlers: Readonly<Record<string, Handler>>;
}

export async function startStages(): Promise<Stages> {
  const fleet = await startFleet();
  process.env['CONSOLE_CONFIG'] = JSON.stringify({
    issuer: 'https://issuer.example',
    clientId: 'console',
    scope: 'openid',
    groupsClaim: 'groups',
    upload: { maxBytes: 1000, partBytes: 100, types: ['video/*'], maxInFlight: 2 },
  });
  const { handler: sharing } = await import('../../../lambdas/sharing/handler.ts');
  const { handler: catalog } = await import('../../../lambdas/catalog/handler.ts');
  const { handler: devices } = await import('../../../lambdas/devices/handler.ts');
  return { fleet, handlers: { sharing, catalog, devices } };
}
