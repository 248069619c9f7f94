/** Builds `<sluice-player>` for other pages: one file under a name that stays, and its types beside it. */
import { fileURLToPath } from 'node:url';
import { defineConfig } from 'vite';

export default defineConfig({
  root: import.meta.dirname,
  publicDir: 'player',
  build: {
    target: 'es2022',
    // It is put beside the console's files.
    emptyOutDir: false,
    chunkSizeWarningLimit: 1500,
    rolldownOptions: {
      input: fileURLToPath(new URL('src/player/sluice-player.ts', import.meta.url)),
      output: { entryFileNames: 'sluice-player.js', codeSplitting: false },
    },
  },
});
