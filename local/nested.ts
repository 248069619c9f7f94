/** What stands in stacks that are nested in another, whose parameters are resources of that one. */
import { NestedStack, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';

interface Text {
  readonly Resources: Readonly<Record<string, { readonly Type: string; readonly Properties?: unknown }>>;
}

const textOf = (stack: Stack): Text => Template.fromStack(stack).toJSON() as Text;

export const nestedIn = (stack: Stack): NestedStack[] =>
  stack.node.findAll().filter((one) => one instanceof NestedStack);

/**
 * A stack's template as if what is nested in it stood in it, each parameter replaced by what it is given. CloudFormation takes no
 * such template; who asks what a deployment has, or what it costs, does. Throws where two resources have one logical id.
 */
export function flattened(stack: Stack): Text {
  const own = textOf(stack);
  const all: Record<string, Text['Resources'][string]> = { ...own.Resources };
  for (const nested of nestedIn(stack)) {
    const id = stack.resolve(nested.nestedStackResource!.logicalId) as string;
    const { Parameters = {} } = (own.Resources[id]!.Properties ?? {}) as { Parameters?: Record<string, unknown> };
    for (const [inner, resource] of Object.entries(textOf(nested).Resources)) {
      if (inner in all) throw new Error(`${inner} stands in two templates`);
      all[inner] = given(resource, Parameters) as Text['Resources'][string];
    }
  }
  return { ...own, Resources: all };
}

function given(value: unknown, parameters: Readonly<Record<string, unknown>>): unknown {
  if (Array.isArray(value)) return value.map((one) => given(one, parameters));
  if (typeof value !== 'object' || value === null) return value;
  const { Ref } = value as { Ref?: unknown };
  if (typeof Ref === 'string' && Ref in parameters) return parameters[Ref];
  return Object.fromEntries(Object.entries(value).map(([key, inner]) => [key, given(inner, parameters)]));
}
