/** Builds the console into web/dist: static files, no inline script, so that a strict content security policy fits. */
import { fileURLToPath } from 'node:url';
import react from '@vitejs/plugin-react';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  plugins: [react()],
  resolve: {
    alias: [
      {
        // Its export map offers browsers the development build only, with checks and messages nobody would read.
        find: /^react-router$/,
        replacement: fileURLToPath(new URL('../node_modules/react-router/dist/production/index.mjs', import.meta.url)),
      },
    ],
  },
  build: {
    target: 'es2022',
    // A chunk is either small enough to inline nothing or worth its own request; data: URLs would need a laxer policy.
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    // The player's hls.js is the largest; test/web/bundle-size.test.ts watches what comes first.
    chunkSizeWarningLimit: 600,
    rolldownOptions: {
      output: {
        codeSplitting: {
          // What the first screen needs is kept together, whoever else needs it, too: fewer requests, and it compresses
          // better. What only later screens need of the same packages is left out of it.
          groups: [
            {
              // Changes with dependencies, not with the console: stays in browsers' caches over a deploy.
              name: 'vendor',
              tags: ['$initial'],
              test: /node_modules\/(react|react-dom|scheduler|react-router|@tanstack|oidc-client-ts|jwt-decode)\//,
            },
            { name: 'first', tags: ['$initial'] },
            // What several later screens need, in one file: thirty small ones cost a slow processor more than what is in them.
            {
              name: 'parts',
              minShareCount: 2,
              test: /node_modules\/(@mantine|@floating-ui|@tabler|@tanstack|react-)|\/web\/src\/(api|auth|shared|shell)\/|\/fleet\/(queries|stretch|track|wall|words|StateMark|marks)\.|\/video\/(player-keys|usePictures|links|refusal|manifest)\./,
            },
          ],
        },
      },
    },
  },
});
