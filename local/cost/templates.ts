/** The templates of an environment, synthesized in this process with nothing bundled: what stands in them is all that is asked. */
import { App, type Stack } from 'aws-cdk-lib';
import { sluiceStacks } from '../../lib/app.ts';
import type { Config } from '../../lib/config.ts';
import { flattened } from '../nested.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
}
export type Resources = Readonly<Record<string, Resource>>;

export interface Synthesized {
  readonly config: Config;
  readonly vod: Resources;
  /** Undefined without `live.enabled`. */
  readonly live: Resources | undefined;
}

/** Throws ConfigError. */
export function synthesize(context: Readonly<Record<string, unknown>>): Synthesized {
  // Only templates are wanted: any folder serves as the layer's.
  process.env['SLUICE_FFMPEG_LAYER'] ??= import.meta.dirname;
  const { config, vod, live } = sluiceStacks(new App({ context: { ...context, 'aws:cdk:bundling-stacks': [] } }));
  const resources = (stack: Stack) => flattened(stack).Resources as Resources;
  return { config, vod: resources(vod), live: live && resources(live) };
}
