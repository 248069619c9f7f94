/**
 * The two files that the sound worker is made of. In the image they lie beside the bundle, where
 * lib/constructs/ingest-image.ts puts them; run from its sources, the task takes them from where they come from.
 */
const bundled = !import.meta.url.endsWith('.ts');

export const WORKER_FILE = new URL(bundled ? './sound-worker.mjs' : './worker.ts', import.meta.url);

export const ENCODER_FILE = new URL(
  bundled ? './aac-encoder.mjs' : '../../../../node_modules/@mediabunny/aac-encoder/dist/modules/build/aac.js',
  import.meta.url,
);
