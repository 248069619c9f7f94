/** The app as `bin/sluice.ts` makes it, synthesized in this process with nothing bundled: seconds less than the CDK CLI. */
import { App, Validations, type Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { AwsSolutionsChecks } from 'cdk-nag';
import { sluiceStacks, type Stacks } from '../../lib/app.ts';
import { flattened, nestedIn } from '../../local/nested.ts';

export interface Resource {
  readonly Type: string;
  readonly Properties?: Readonly<Record<string, unknown>>;
  readonly DeletionPolicy?: string;
  readonly UpdateReplacePolicy?: string;
}
export interface TemplateText {
  readonly Resources: Readonly<Record<string, Resource>>;
  readonly Parameters?: Readonly<Record<string, unknown>>;
  readonly Outputs?: Readonly<Record<string, { Value: unknown; Export?: { Name: unknown } }>>;
}
export interface Templates {
  readonly stacks: Stacks;
  /** With what is nested in it. */
  readonly vod: TemplateText;
  readonly live: TemplateText | undefined;
  /** Each as CloudFormation is given it: the first stack's, those nested in it, the live stack's. */
  readonly deployed: readonly TemplateText[];
}

/** Options by their paths; `text` in them is read as `-c` gives it. `environment` is `prod` with an empty block. */
export function synthesized(options: Readonly<Record<string, unknown>> = {}, environment = 'prod'): Templates {
  const app = appOf(options, environment);
  Validations.of(app).addPlugins(new AwsSolutionsChecks(app, { verbose: true }));
  const stacks = sluiceStacks(app);
  const { vod, live } = stacks;
  const text = (stack: Stack) => Template.fromStack(stack).toJSON() as TemplateText;
  return {
    stacks,
    vod: flattened(vod) as TemplateText,
    live: live && text(live),
    deployed: [vod, ...nestedIn(vod), ...(live ? [live] : [])].map(text),
  };
}

/** An app without stacks. `outdir`: where its assembly goes, if it is wanted. */
export function appOf(options: Readonly<Record<string, unknown>>, environment = 'prod', outdir?: string): App {
  // Only the template is wanted: any folder serves as the layer's.
  process.env['SLUICE_FFMPEG_LAYER'] ??= import.meta.dirname;
  const environments = { [environment]: {} };
  return new App({
    context: { env: environment, environments, 'aws:cdk:bundling-stacks': [], ...options },
    ...(outdir !== undefined && { outdir }),
  });
}

/** What resources of these types have, by logical id. */
export const ofType = ({ Resources }: TemplateText, type: string): [string, Resource][] =>
  Object.entries(Resources).filter(([, resource]) => resource.Type === type);
