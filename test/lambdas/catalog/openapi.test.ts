import { readFile } from 'node:fs/promises';
import { describe, expect, it } from 'vitest';
import { buildOpenApi } from '../../../lambdas/catalog/openapi.ts';
import { problems } from '../../../lambdas/shared/errors.ts';
import { openApiPage } from '../../../local/commands/docs.ts';
import { routes } from '../../../lib/contract/api.ts';
import type { Route } from '../../../lib/contract/route.ts';

// oxlint-disable-next-line typescript/no-explicit-any -- the document is looked into by path
const document: any = buildOpenApi();
const operations = Object.entries<Route>(routes).map(([key, route]) => {
  const [method, path] = key.split(' ') as [string, string];
  return { key, route, path, operation: document.paths[path]?.[method.toLowerCase()] };
});

it('is OpenAPI 3.1 with one operation for each route and no other', () => {
  expect(document.openapi).toBe('3.1.0');
  const made = Object.values<object>(document.paths).flatMap((item) => Object.keys(item));
  expect(made).toHaveLength(operations.length);
});

describe.each(operations)('$key', ({ route, path, operation }) => {
  it('says what the route says', () => {
    expect(operation.summary).toBe(route.summary);
    expect(Object.keys(operation.responses)).toEqual([String(route.status), 'default']);
    const answer = operation.responses[route.status].content;
    const type = route.contentType ?? (route.response ? 'application/json' : undefined);
    expect(Object.keys(answer ?? {})).toEqual(type === undefined ? [] : [type]);
  });

  it('declares every path parameter, as required', () => {
    const declared = (operation.parameters ?? []).filter((one: { in: string }) => one.in === 'path');
    const wanted = [...path.matchAll(/\{([^}]+)\}/g)].map((match) => match[1]);
    expect(declared.map((one: { name: string }) => one.name)).toEqual(wanted);
    expect(declared.every((one: { required: boolean }) => one.required)).toBe(true);
  });

  it('says who may call it', () => {
    const schemes = operation.security.map((one: object) => Object.keys(one));
    expect(schemes).toEqual({ user: [['jwt']], optional: [['jwt'], ['playbackToken'], []], none: [] }[route.auth]);
  });
});

it('names each operation once', () => {
  const ids = operations.map(({ operation }) => operation.operationId);
  expect(new Set(ids).size).toBe(ids.length);
});

it('every reference leads somewhere', () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"#\/([^"]+)"/g)].map((match) => match[1]!);
  expect(references.length).toBeGreaterThan(operations.length);
  for (const reference of references) {
    const target = reference.split('/').reduce((node, name) => node?.[name], document);
    expect({ [reference]: typeof target }).toEqual({ [reference]: 'object' });
  }
});

it('lists every problem code', () => {
  for (const code of Object.keys(problems))
    expect(document.components.responses.Problem.description).toContain(`\`${code}\``);
});

it('is the document in docs/; `npm run docs` writes it', async () => {
  const page = await readFile(new URL('../../../docs/openapi.json', import.meta.url), 'utf8');
  expect(page).toBe(openApiPage());
});

it('docs/api.md lists every problem code with its status', async () => {
  const page = await readFile(new URL('../../../docs/api.md', import.meta.url), 'utf8');
  const rows = [...page.matchAll(/^\| `([a-z-]+)` \| (\d{3}) \|/gm)].map((match) => [match[1], Number(match[2])]);
  expect(Object.fromEntries(rows)).toEqual(
    Object.fromEntries(Object.entries(problems).map(([code, [status]]) => [code, status])),
  );
});
