/** How esbuild bundles what runs on Node: the functions, and the ingest task. */
import type { BuildOptions } from 'esbuild';

export const FOR_NODE = {
  bundle: true,
  platform: 'node',
  target: 'node24',
  format: 'esm',
  sourcemap: true,
  sourcesContent: false,
  mainFields: ['module', 'main'],
  // Some CommonJS dependencies call require() for Node's own modules. By a name that no module of theirs has.
  banner: {
    js: "import { createRequire as __requireOf } from 'node:module'; const require = __requireOf(import.meta.url);",
  },
  // As a file beside it, its checksums would not be found from within a package.
  alias: { '@platformatic/wasm-utils': '@platformatic/wasm-utils/bundled' },
  logLevel: 'warning',
} as const satisfies BuildOptions;
