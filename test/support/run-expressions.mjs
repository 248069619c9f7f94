// A thread that may hang: runs each expression over its texts, and says which one it is about to.
/* oxlint-disable unicorn/require-post-message-target-origin -- a thread, no window */
import { parentPort, workerData } from 'node:worker_threads';

for (const { name, source, flags, texts } of workerData) {
  parentPort.postMessage(name);
  const expression = new RegExp(source, flags);
  for (const { way, text, times, end } of texts) (way + text.repeat(times) + end).replace(expression, '');
}
parentPort.postMessage('');
