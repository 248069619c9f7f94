import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vitest/config';

const root = fileURLToPath(new URL('..', import.meta.url));

/** The machine has few cores and the stack is one: its files run one after another, after everything else. */
export default defineConfig({
  root,
  test: {
    projects: [
      {
        root,
        test: {
          name: 'unit',
          include: ['test/**/*.test.ts'],
          exclude: ['test/synth/**', 'test/stack/**', 'test/e2e/**', 'test/iam/**'],
          testTimeout: 60_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 0 },
        },
      },
      {
        root,
        test: {
          name: 'synth',
          include: ['test/synth/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 1 },
        },
      },
      {
        root,
        test: {
          name: 'stack',
          include: ['test/stack/**/*.test.ts', 'test/e2e/**/*.test.ts'],
          globalSetup: ['test/stack.ts'],
          fileParallelism: false,
          testTimeout: 180_000,
          hookTimeout: 300_000,
          sequence: { groupOrder: 2 },
        },
      },
      {
        root,
        test: {
          name: 'iam',
          include: ['test/iam/**/*.test.ts'],
          testTimeout: 300_000,
          hookTimeout: 600_000,
          sequence: { groupOrder: 3 },
        },
      },
    ],
  },
});
