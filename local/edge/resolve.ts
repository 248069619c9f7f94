/** CloudFormation's intrinsic functions, given what the deployed resources are called. Pure. */
import type { KeyObject } from 'node:crypto';

export class ResolveError extends Error {
  override name = 'ResolveError';
}

/** A deployed resource: what `Ref` and `Fn::GetAtt` answer. */
export interface DeployedResource {
  physicalId: string;
  attributes?: Readonly<Record<string, string>>;
}

export interface ResolveContext {
  /** Logical id → deployed resource. */
  resources: Readonly<Record<string, DeployedResource>>;
  /** Parameter values, and pseudo parameters such as `AWS::Region` where the defaults do not fit. */
  parameters?: Readonly<Record<string, string>>;
  /** Export name → value, for `Fn::ImportValue`. */
  imports?: Readonly<Record<string, string>>;
  /** Id → Key-Pair-Id → public key, of key groups that no template makes. What is in one may change. */
  keyGroups?: Readonly<Record<string, ReadonlyMap<string, KeyObject>>>;
}

export type Resolve = (value: unknown) => string;

const PSEUDO: Readonly<Record<string, string>> = {
  'AWS::Region': 'us-east-1',
  'AWS::AccountId': '000000000000',
  'AWS::Partition': 'aws',
  'AWS::URLSuffix': 'amazonaws.com',
  'AWS::StackName': 'stack',
};

/** The function that turns a template value into a string. Throws `ResolveError` naming what it lacks. */
export function createResolver(context: ResolveContext): Resolve {
  const ref = (name: string): string => {
    const found = context.resources[name]?.physicalId ?? context.parameters?.[name] ?? PSEUDO[name];
    if (found === undefined) throw new ResolveError(`nothing is known of the resource or parameter ${name}`);
    return found;
  };
  const getAtt = (name: string, attribute: string): string => {
    const found = context.resources[name]?.attributes?.[attribute];
    if (found === undefined) throw new ResolveError(`attribute ${attribute} of the resource ${name} is not known`);
    return found;
  };
  const list = (value: unknown): string[] => {
    if (Array.isArray(value)) return value.map(resolve);
    const split = single(value)?.['Fn::Split'];
    if (Array.isArray(split)) return resolve(split[1]).split(String(split[0]));
    throw new ResolveError(`not a list: ${JSON.stringify(value)}`);
  };
  const sub = (template: string, variables: Readonly<Record<string, unknown>>): string =>
    template.replace(/\$\{(!?)([^${}]+)\}/g, (_, literal: string, name: string) => {
      if (literal) return `\${${name}}`;
      if (name in variables) return resolve(variables[name]);
      const dot = name.indexOf('.');
      return dot < 0 ? ref(name) : getAtt(name.slice(0, dot), name.slice(dot + 1));
    });

  function resolve(value: unknown): string {
    if (typeof value === 'string') return value;
    if (typeof value === 'number' || typeof value === 'boolean') return String(value);
    const call = single(value);
    const [name, args] = call ? (Object.entries(call)[0] ?? []) : [];
    switch (name) {
      case 'Ref':
        return ref(String(args));
      case 'Fn::GetAtt': {
        const [logicalId, attribute] = Array.isArray(args) ? args.map(String) : split2(String(args), '.');
        return getAtt(logicalId ?? '', attribute ?? '');
      }
      case 'Fn::Join':
        if (Array.isArray(args)) return list(args[1]).join(String(args[0]));
        break;
      case 'Fn::Select': {
        if (!Array.isArray(args)) break;
        const items = list(args[1]);
        const item = items[Number(args[0])];
        if (item === undefined) throw new ResolveError(`Fn::Select ${String(args[0])} of ${items.length} items`);
        return item;
      }
      case 'Fn::Sub':
        if (typeof args === 'string') return sub(args, {});
        if (Array.isArray(args)) return sub(String(args[0]), (args[1] ?? {}) as Record<string, unknown>);
        break;
      case 'Fn::ImportValue': {
        const found = context.imports?.[resolve(args)];
        if (found === undefined) throw new ResolveError(`the imported value ${resolve(args)} is not known`);
        return found;
      }
      default:
    }
    throw new ResolveError(`cannot resolve ${JSON.stringify(value)}`);
  }
  return resolve;
}

/** Logical id behind `{Ref: X}` or `{Fn::GetAtt: [X, attribute]}`, if that is what stands there. */
export function logicalIdOf(value: unknown): string | undefined {
  const call = single(value);
  if (typeof call?.['Ref'] === 'string') return call['Ref'];
  const args = call?.['Fn::GetAtt'];
  if (Array.isArray(args) && typeof args[0] === 'string') return args[0];
  return typeof args === 'string' ? split2(args, '.')[0] : undefined;
}

/** An object with one key, as every intrinsic function is written. */
function single(value: unknown): Record<string, unknown> | undefined {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return undefined;
  return Object.keys(value).length === 1 ? (value as Record<string, unknown>) : undefined;
}

function split2(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
