/** The ingest server over real sockets, with the local engine behind it. One engine for all: starting it costs seconds. */
import { afterAll, beforeAll } from 'vitest';
import { attachmentTests } from './attachments.ts';
import { Cloud } from './cloud.ts';
import { controlTests } from './control.ts';
import { fieldTests } from './field.ts';
import { liveTests } from './live.ts';
import { soundTests } from './sound.ts';
import { takeoverTests } from './takeover.ts';

let cloud: Cloud;
beforeAll(async () => {
  cloud = await Cloud.start();
});
afterAll(() => cloud.close());

controlTests(() => cloud);
fieldTests(() => cloud);
liveTests(() => cloud);
soundTests(() => cloud);
attachmentTests(() => cloud);
takeoverTests(() => cloud);
