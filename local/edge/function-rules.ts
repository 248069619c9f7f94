/**
 * What CloudFront checks of a function before it runs it, and what its engine has: V8 has more, and would run here what fails
 * there. By the Developer Guide's "JavaScript runtime 2.0 features" and "Helper methods for key value stores". Pure.
 */
import { parse, type AnyNode, type Identifier, type Program } from 'acorn';

/** Bytes of a function (Quotas on CloudFront Functions). */
const MAX_BYTES = 10_240;

/** Syntax of ES 5.1, and what is listed beyond it: const, let, templates, arrow functions, rest parameters, async and await. */
const SYNTAX = words(`
  Program ImportDeclaration ImportDefaultSpecifier VariableDeclaration VariableDeclarator FunctionDeclaration
  FunctionExpression ArrowFunctionExpression RestElement ReturnStatement IfStatement ForStatement ForInStatement
  WhileStatement DoWhileStatement BreakStatement ContinueStatement LabeledStatement SwitchStatement SwitchCase
  ThrowStatement TryStatement CatchClause BlockStatement EmptyStatement ExpressionStatement Identifier Literal
  TemplateLiteral TemplateElement ArrayExpression ObjectExpression Property UnaryExpression UpdateExpression
  BinaryExpression LogicalExpression AssignmentExpression ConditionalExpression CallExpression NewExpression
  MemberExpression SequenceExpression ThisExpression AwaitExpression`);

const TYPED_ARRAYS = `Float32Array Float64Array Int8Array Int16Array Int32Array Uint8Array Uint8ClampedArray Uint16Array Uint32Array`;

/** Globals, and of those that are objects what may be named of them. */
const GLOBALS = words(`
  Object String Number Boolean Symbol Math Date RegExp JSON Array ArrayBuffer ${TYPED_ARRAYS} Promise DataView TextDecoder
  TextEncoder Error EvalError InternalError RangeError ReferenceError SyntaxError TypeError URIError Buffer console require
  globalThis decodeURI decodeURIComponent encodeURI encodeURIComponent isFinite isNaN parseFloat parseInt atob btoa NaN
  Infinity undefined arguments`);
const STATICS = new Map(
  Object.entries({
    Object: `create defineProperties defineProperty freeze getOwnPropertyDescriptor getOwnPropertyDescriptors
      getOwnPropertyNames getPrototypeOf isExtensible isFrozen isSealed keys preventExtensions seal assign entries values
      prototype`,
    String: 'fromCharCode fromCodePoint prototype',
    Number: `EPSILON MAX_SAFE_INTEGER MIN_SAFE_INTEGER MAX_VALUE MIN_VALUE NaN NEGATIVE_INFINITY POSITIVE_INFINITY isFinite
      isInteger isNaN isSafeInteger parseInt parseFloat prototype`,
    Math: `E LN10 LN2 LOG10E LOG2E PI SQRT1_2 SQRT2 abs acos acosh asin asinh atan atan2 atanh cbrt ceil clz32 cos cosh exp
      expm1 floor fround hypot imul log log1p log2 log10 max min pow random round sign sinh sin sqrt tan tanh trunc`,
    Date: 'now parse UTC prototype',
    JSON: 'parse stringify',
    Array: 'isArray of prototype',
    ArrayBuffer: 'isView prototype',
    Promise: 'all allSettled any reject resolve race prototype',
    Symbol: 'for keyfor',
    console: 'log',
    Buffer: 'alloc allocUnsafe byteLength compare concat from isBuffer isEncoding',
    ...Object.fromEntries(TYPED_ARRAYS.split(' ').map((name) => [name, 'from of prototype'])),
  }).map(([name, members]) => [name, words(members)]),
);

/** What may be called on a value: methods of prototypes, of modules and of what they answer. Of which kind is not looked at. */
const METHODS = words(`
  hasOwnProperty isPrototypeOf propertyIsEnumerable toString valueOf is setPrototypeOf
  charAt concat indexOf lastIndexOf match replace search slice split substr substring toLowerCase trim toUpperCase codePointAt
  endsWith includes repeat startsWith padStart padEnd trimStart trimEnd replaceAll
  toExponential toFixed toPrecision apply bind call exec test
  every filter forEach join map pop push reduce reduceRight reverse shift some sort splice unshift copyWithin fill find
  findIndex set subarray catch finally then decode encode encodeInto
  getFloat32 getFloat64 getInt16 getInt32 getInt8 getUint16 getUint32 getUint8 setFloat32 setFloat64 setInt16 setInt32 setInt8
  setUint16 setUint32 setUint8
  getDate getDay getFullYear getHours getMilliseconds getMinutes getMonth getSeconds getTime getTimezoneOffset getUTCDate
  getUTCDay getUTCFullYear getUTCHours getUTCMilliseconds getUTCMinutes getUTCMonth getUTCSeconds toISOString toJSON
  toUTCString
  kvs get exists count meta createHash createHmac update digest escape unescape parse stringify compare copy equals write`);

const MODULES = words('cloudfront crypto querystring buffer');

function words(text: string): ReadonlySet<string> {
  return new Set(text.trim().split(/\s+/));
}

interface Places {
  /** Names the code itself declares, wherever: a global of such a name is not told from it. */
  readonly declared: ReadonlySet<string>;
  /** Properties the code itself gives to objects. */
  readonly properties: ReadonlySet<string>;
}

/** Each thing for which CloudFront would refuse the function, or its engine fail in it, with the line; empty for none. */
export function faultsOf(code: string, { hasStore }: { readonly hasStore: boolean }): string[] {
  const bytes = Buffer.byteLength(code);
  const faults = bytes > MAX_BYTES ? [`${bytes} bytes, and CloudFront takes ${MAX_BYTES}`] : [];
  let program: Program;
  try {
    program = parse(code, { ecmaVersion: 2021, sourceType: 'module', locations: true });
  } catch (error) {
    return [...faults, `cannot be parsed: ${(error as Error).message}`];
  }
  const nodes = [...walk(program, [])];
  const places = placesOf(nodes.map(({ node }) => node));
  for (const { node, above } of nodes) {
    const fault = faultOf(node, above, places, hasStore);
    if (fault !== undefined) faults.push(`line ${node.loc?.start.line ?? 0}: ${fault}`);
  }
  if (!places.declared.has('handler')) faults.push('no function is called handler');
  return faults;
}

/** The code as a script: `import cf from 'cloudfront'` becomes a declaration that calls `loader` with the module's name. */
export function asScript(code: string, loader: string): string {
  const { body } = parse(code, { ecmaVersion: 2021, sourceType: 'module' });
  let script = code;
  for (const node of body.toReversed()) {
    if (node.type !== 'ImportDeclaration') continue;
    const [name] = node.specifiers;
    const instead =
      name === undefined ? '' : `const ${name.local.name} = ${loader}(${JSON.stringify(node.source.value)});`;
    script = script.slice(0, node.start) + instead + script.slice(node.end);
  }
  return script;
}

interface Found {
  readonly node: AnyNode;
  /** The nodes it stands in, the innermost last. */
  readonly above: readonly AnyNode[];
}

function* walk(node: AnyNode, above: readonly AnyNode[]): Generator<Found> {
  yield { node, above };
  // One fault is enough of what is not there at all.
  if (!SYNTAX.has(node.type)) return;
  for (const value of Object.values(node) as unknown[]) {
    for (const child of Array.isArray(value) ? (value as unknown[]) : [value]) {
      if (isNode(child)) yield* walk(child, [...above, node]);
    }
  }
}

const isNode = (value: unknown): value is AnyNode =>
  typeof value === 'object' && value !== null && typeof (value as { type?: unknown }).type === 'string';

const named = (node: AnyNode | null | undefined): string | undefined =>
  node?.type === 'Identifier' ? node.name : undefined;

function placesOf(nodes: readonly AnyNode[]): Places {
  const declared = new Set<string>();
  const properties = new Set<string>();
  const declare = (node: AnyNode | null | undefined): void => {
    if (node?.type === 'Identifier') declared.add(node.name);
    if (node?.type === 'RestElement') declare(node.argument);
    if (node?.type === 'AssignmentPattern') declare(node.left);
    if (node?.type === 'ArrayPattern') node.elements.forEach(declare);
    if (node?.type === 'ObjectPattern')
      for (const one of node.properties) declare(one.type === 'Property' ? one.value : one);
  };
  for (const node of nodes) {
    if (node.type === 'VariableDeclarator') declare(node.id);
    if (node.type === 'ImportDefaultSpecifier') declare(node.local);
    if (node.type === 'CatchClause') declare(node.param);
    if (isFunction(node)) for (const one of [...node.params, 'id' in node ? node.id : undefined]) declare(one);
    if (node.type === 'Property' && !node.computed) properties.add(named(node.key) ?? '');
    if (node.type === 'AssignmentExpression' && node.left.type === 'MemberExpression' && !node.left.computed)
      properties.add(named(node.left.property) ?? '');
  }
  return { declared, properties };
}

const isFunction = (node: AnyNode) =>
  node.type === 'FunctionDeclaration' || node.type === 'FunctionExpression' || node.type === 'ArrowFunctionExpression';

function faultOf(node: AnyNode, above: readonly AnyNode[], places: Places, hasStore: boolean): string | undefined {
  if (!SYNTAX.has(node.type)) return `${node.type} is not listed of the runtime`;
  const parent = above.at(-1);
  switch (node.type) {
    case 'Property':
      return node.shorthand || node.method || node.computed ? 'properties are written `name: value`' : undefined;
    case 'LogicalExpression':
      return node.operator === '??' ? '?? is not listed of the runtime' : undefined;
    case 'AssignmentExpression':
      return ['??=', '||=', '&&='].includes(node.operator)
        ? `${node.operator} is not listed of the runtime`
        : undefined;
    case 'CatchClause':
      return node.param === null || node.param === undefined ? 'catch names its error' : undefined;
    case 'FunctionDeclaration':
    case 'FunctionExpression':
    case 'ArrowFunctionExpression':
      if (node.generator) return 'generators are not listed of the runtime';
      return node.async && (node.type !== 'FunctionDeclaration' || parent?.type !== 'Program')
        ? 'async closures are not supported'
        : undefined;
    case 'AwaitExpression':
      return parent?.type === 'CallExpression' && parent.callee !== node
        ? 'async arguments are not supported'
        : undefined;
    case 'Literal':
      return literalFault(node);
    case 'ImportDeclaration':
      return moduleFault(String(node.source.value), hasStore);
    case 'CallExpression':
      return callFault(node, places, hasStore);
    case 'MemberExpression':
      return staticFault(node, places);
    case 'Identifier':
      return isReference(node, parent) && !places.declared.has(node.name) && !GLOBALS.has(node.name)
        ? `${node.name} is neither declared nor a global of the runtime`
        : undefined;
    default:
      return undefined;
  }
}

function literalFault(node: Extract<AnyNode, { type: 'Literal' }>): string | undefined {
  if (node.bigint !== undefined && node.bigint !== null)
    return 'whole numbers without end are not listed of the runtime';
  if (node.regex === undefined || node.regex === null) return undefined;
  if (/[^gimy]/.test(node.regex.flags)) return `the flags ${node.regex.flags} are not listed of the runtime`;
  return /\(\?<[=!]/.test(node.regex.pattern) ? 'looking behind is not listed of the runtime' : undefined;
}

function moduleFault(name: string, hasStore: boolean): string | undefined {
  if (!MODULES.has(name)) return `there is no module ${name}`;
  return name === 'cloudfront' && !hasStore ? 'the cloudfront module without a key value store' : undefined;
}

function callFault(
  { callee, arguments: given }: Extract<AnyNode, { type: 'CallExpression' }>,
  places: Places,
  hasStore: boolean,
): string | undefined {
  if (named(callee) === 'require') {
    const [name] = given;
    return name?.type === 'Literal' ? moduleFault(String(name.value), hasStore) : 'require takes a name as it stands';
  }
  if (callee.type !== 'MemberExpression' || callee.computed) return undefined;
  if (named(callee.object) === 'console' && given.length > 1) return 'console.log takes one value';
  const owner = named(callee.object) ?? '';
  // What is said of a global's members holds of those that are called.
  if (STATICS.has(owner) && !places.declared.has(owner)) return undefined;
  const method = named(callee.property) ?? '';
  const known = METHODS.has(method) || places.properties.has(method);
  return known ? undefined : `.${method}() is not listed of the runtime`;
}

function staticFault(
  { object, property, computed }: Extract<AnyNode, { type: 'MemberExpression' }>,
  { declared }: Places,
): string | undefined {
  const name = named(object) ?? '';
  const members = declared.has(name) || computed ? undefined : STATICS.get(name);
  const member = named(property) ?? '';
  return members === undefined || members.has(member) ? undefined : `${name}.${member} is not listed of the runtime`;
}

/** Whether an identifier stands for a variable, and is not the name of a property or a label. */
function isReference(node: Identifier, parent: AnyNode | undefined): boolean {
  if (parent?.type === 'MemberExpression') return parent.computed || parent.object === node;
  if (parent?.type === 'Property') return parent.value === node;
  return !['LabeledStatement', 'BreakStatement', 'ContinueStatement'].includes(parent?.type ?? '');
}
