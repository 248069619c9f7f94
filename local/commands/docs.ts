/** `npm run docs`: the pages of docs/ that are made from the code, so that they cannot say something else. */
import { writeFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { z } from 'zod';
import { buildOpenApi } from '../../lambdas/catalog/openapi.ts';
import { configSchema } from '../../lib/config.ts';

interface JsonSchema {
  description?: string;
  default?: unknown;
  type?: string;
  enum?: unknown[];
  anyOf?: { const?: unknown }[];
  const?: unknown;
  minimum?: number;
  maximum?: number;
  maxItems?: number;
  maxLength?: number;
  pattern?: string;
  format?: string;
  items?: JsonSchema;
  properties?: Record<string, JsonSchema>;
}

/** docs/configuration.md, from the schema every value is checked by. */
export function configurationPage(): string {
  const schema = z.toJSONSchema(configSchema, { io: 'input' }) as JsonSchema;
  const rows: string[] = [];
  for (const [name, option] of Object.entries(schema.properties ?? {})) {
    if (!option.properties) rows.push(row(name, option));
    else for (const [child, inner] of Object.entries(option.properties)) rows.push(row(`${name}.${child}`, inner));
  }
  return `# Configuration

Values live in \`cdk.json\` under \`context.environments.<name>\`, one block an environment (\`local\`, \`dev\`, \`prod\`, or
your own). What a block leaves out has the default below. One value can be overridden on the command line:

\`\`\`sh
npx cdk deploy --all -c env=prod -c upload.maxSizeGiB=100 -c 'slicing.ladder=[1080,720,360]'
\`\`\`

Text is given as it is (\`-c account=123456789012\`), numbers, booleans and lists as JSON. In \`cdk.json\` text has quotes, also
where it looks like a number. An option that is given at a deploy must be given at the next one, and when the stacks are
destroyed: what is to stay belongs in \`cdk.json\`. A value out of range, an option that does not exist or one that is
missing beside another stops the synthesis and is named.

| option | default | allowed | meaning |
|---|---|---|---|
${rows.join('\n')}

This page is made from \`lib/config.ts\` by \`npm run docs\`.
`;
}

/** docs/openapi.json: what `GET /api/openapi.json` answers. */
export const openApiPage = (): string => `${JSON.stringify(buildOpenApi(), null, 2)}\n`;

function row(path: string, option: JsonSchema): string {
  const standard = option.default === undefined ? 'none' : `\`${JSON.stringify(option.default)}\``;
  return `| \`${path}\` | ${standard} | ${allowed(option)} | ${escape(option.description ?? '')} |`;
}

function allowed(option: JsonSchema): string {
  if (option.enum) return option.enum.map((value) => `\`${String(value)}\``).join(', ');
  if (option.anyOf) return option.anyOf.map((one) => `\`${String(one.const)}\``).join(', ');
  if (option.type === 'array') {
    const most = option.maxItems === undefined ? '' : ` at most ${option.maxItems}`;
    return `list of${most}: ${allowed(option.items ?? {})}`;
  }
  if (option.type === 'object') return `{${Object.keys(option.properties ?? {}).join(', ')}}`;
  if (option.minimum !== undefined)
    return `${option.minimum} to ${option.maximum}${option.type === 'integer' ? ', whole' : ''}`;
  if (option.type === 'boolean') return '`true`, `false`';
  if (option.format === 'uri') return 'http or https address';
  if (option.format === 'cidrv4') return 'IPv4 network';
  const most = option.maxLength === undefined ? '' : `, at most ${option.maxLength} characters`;
  return `${option.pattern === undefined ? 'text' : `\`${escape(option.pattern)}\``}${most}`;
}

const escape = (text: string) => text.replaceAll('|', '\\|');

if (process.argv[1] === fileURLToPath(import.meta.url)) {
  await writeFile(new URL('../../docs/configuration.md', import.meta.url), configurationPage());
  await writeFile(new URL('../../docs/openapi.json', import.meta.url), openApiPage());
}
