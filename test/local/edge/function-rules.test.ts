/** What CloudFront refuses of a function is refused here, and what we ship passes. */
import { readdirSync, readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { asScript, faultsOf } from '../../../local/edge/function-rules.ts';

const constructs = new URL('../../../lib/constructs/', import.meta.url);
const shipped = readdirSync(constructs).filter((name) => name.endsWith('.js'));

describe('the functions we ship', () => {
  it('are these', () => {
    expect(shipped).toEqual(['media-gate.js', 'spa-router.js']);
  });
  it.each(shipped)('%s has no fault', (name) => {
    const code = readFileSync(new URL(name, constructs), 'utf8');
    expect(faultsOf(code, { hasStore: code.includes('cf.kvs()') })).toEqual([]);
  });
});

const around = (code: string) => `function handler(event) {\n${code}\nreturn event.request; }`;

describe('what the runtime has', () => {
  it.each([
    [
      'ES 5.1',
      `var a = { b: 1, 'c': [1, 2] }; l: for (var k in a) { if (k === 'b') continue l; delete a[k]; } do { a.b++; } while (a.b < 3);`,
    ],
    ['getters', `var a = { get b() { return 1; } }; a.b;`],
    ['const, let, templates, arrows, rest', 'const f = (...all) => all.map((one) => `${one}!`); let g = f(1);'],
    ['exponents and separators', 'var n = 2 ** 8 + 1_000;'],
    ['named groups', `var m = /(?<year>[0-9]{4})/.exec('2026');`],
    [
      'modules',
      `var h = require('crypto').createHash('sha256').update('a').digest('hex'); var q = require('querystring').parse('a=1');`,
    ],
    [
      'what it lists of globals',
      `Object.assign({}, Number.isInteger(1)); Math.clz32(1); JSON.stringify(String.fromCodePoint(65)); Date.now(); console.log('a' + atob('YQ=='));`,
    ],
    ['methods of its own', `var a = { greet: function () { return 'hi'; } }; a.greet();`],
    ['errors', `try { throw new TypeError('x'); } catch (error) { console.log(error.message); }`],
  ])('%s', (_, code) => {
    expect(faultsOf(around(code), { hasStore: false })).toEqual([]);
  });

  it('async functions, and the cloudfront module where there is a store', () => {
    const code = `import cf from 'cloudfront';\nconst kvs = cf.kvs();\nasync function handler(event) { const there = await kvs.exists('a'); if (there) await kvs.get('a', { format: 'json' }); await kvs.count(); await kvs.meta(); return event.request; }`;
    expect(faultsOf(code, { hasStore: true })).toEqual([]);
    expect(faultsOf(code, { hasStore: false })).toEqual(['line 1: the cloudfront module without a key value store']);
  });
});

describe('what it has not', () => {
  it.each([
    ['classes', 'class A {}', 'ClassDeclaration'],
    ['for-of', 'for (const one of [1]) one;', 'ForOfStatement'],
    ['spreading', 'var a = [...[1]];', 'SpreadElement'],
    ['destructuring', 'var { request } = event;', 'ObjectPattern'],
    ['destructured parameters', 'var f = ([a]) => a;', 'ArrayPattern'],
    ['defaults of parameters', 'var f = (a = 1) => a;', 'AssignmentPattern'],
    ['optional chaining', 'event?.request;', 'ChainExpression'],
    ['??', 'var a = event.a ?? 1;', '??'],
    ['??=', 'var a; a ??= 1;', '??='],
    ['shorthand properties', 'var a = 1; var b = { a };', 'name: value'],
    ['methods written short', 'var b = { a() {} };', 'name: value'],
    ['computed properties', `var b = { ['a']: 1 };`, 'name: value'],
    ['generators', 'var f = function* () {};', 'generators'],
    ['catch without a name', 'try { event.a; } catch { event.b; }', 'catch names its error'],
    ['tagged templates', 'var s = String.raw`a`;', 'TaggedTemplateExpression'],
    ['async closures', 'var f = async () => 1;', 'async closures'],
    ['async functions in functions', 'async function inner() {}', 'async closures'],
    ['big integers', 'var a = 1n;', 'whole numbers without end'],
    ['looking behind', 'var a = /(?<=b)c/;', 'looking behind'],
    ['the flag s', 'var a = /b/s;', 'flags s'],
    ['timers', 'setTimeout(handler, 1);', 'setTimeout is neither'],
    ['the network', `fetch('https://a');`, 'fetch is neither'],
    ['the process', 'process.env;', 'process is neither'],
    ['eval', `eval('1');`, 'eval is neither'],
    ['made functions', `new Function('return 1');`, 'Function is neither'],
    ['what nobody declared', 'count += 1;', 'count is neither'],
    ['URL', `new URL('https://a');`, 'URL is neither'],
    ['Map', 'new Map();', 'Map is neither'],
    ['Object.fromEntries', 'Object.fromEntries([]);', 'Object.fromEntries'],
    ['Object.hasOwn', `Object.hasOwn(event, 'a');`, 'Object.hasOwn'],
    ['console.error', `console.error('a');`, 'console.error'],
    ['several values to the log', `console.log('a', 'b');`, 'one value'],
    ['matchAll', `'a'.matchAll(/a/g);`, '.matchAll()'],
    ['flatMap', '[1].flatMap((one) => one);', '.flatMap()'],
    ['toSorted', '[1].toSorted();', '.toSorted()'],
    ['at', '[1].at(-1);', '.at()'],
    ['other modules', `require('fs');`, 'no module fs'],
    ['a module by a name that is made', `require('f' + 's');`, 'as it stands'],
  ])('%s', (_, code, fault) => {
    const faults = faultsOf(around(code), { hasStore: false });
    expect(faults).toEqual([expect.stringMatching(/^line 2: /)]);
    expect(faults[0]).toContain(fault);
  });

  it('async arguments', () => {
    const code = `import cf from 'cloudfront';\nasync function handler(event) {\nconsole.log(await cf.kvs().count()); return event.request; }`;
    expect(faultsOf(code, { hasStore: true })).toEqual(['line 3: async arguments are not supported']);
  });

  it('code that is none, a function without a handler, and more than 10 KB', () => {
    expect(faultsOf('function handler( {', { hasStore: false })).toEqual([expect.stringContaining('cannot be parsed')]);
    expect(faultsOf('function main() {}', { hasStore: false })).toEqual(['no function is called handler']);
    const filled = (bytes: number) => {
      const code = around('');
      return `${code}${'/'.repeat(bytes - code.length)}`;
    };
    expect(faultsOf(filled(10_240), { hasStore: false })).toEqual([]);
    expect(faultsOf(filled(10_241), { hasStore: false })).toEqual(['10241 bytes, and CloudFront takes 10240']);
  });
});

describe('asScript', () => {
  it('turns imports into calls, and leaves lines where they are', () => {
    expect(asScript(`// a\nimport cf from 'cloudfront';\nimport c from 'crypto';\nvar a;`, 'load')).toBe(
      `// a\nconst cf = load("cloudfront");\nconst c = load("crypto");\nvar a;`,
    );
  });
});
