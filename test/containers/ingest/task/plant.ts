/**
 * Loaded before the task's own program (`--import`): plants throws where it is told to by the number of a device. What a device
 * of number …01 does throws in the handling of its messages, and so on; SIGUSR2 throws where nobody catches.
 */
import { ConnectedDevice } from '../../../../containers/ingest/src/sessions/control/device.ts';
import { Commander } from '../../../../containers/ingest/src/sessions/control/commander.ts';
import { IncomingFile } from '../../../../containers/ingest/src/sessions/attachments/file.ts';
import { LiveStream } from '../../../../containers/ingest/src/streams/stream.ts';
import { Segmenter } from '../../../../containers/ingest/src/hls/segmenter.ts';
import { FAULTY } from './planted.ts';

/** Replaces a method by one that throws for whom it is planted. */
function plant<T extends object>(
  prototype: T,
  name: keyof T,
  isFaulty: (it: T, args: readonly unknown[]) => boolean,
): void {
  const before = prototype[name] as (...args: unknown[]) => unknown;
  const planted = function (this: T, ...args: unknown[]): unknown {
    if (isFaulty(this, args)) throw new Error(`planted in ${String(name)}`);
    return before.apply(this, args);
  };
  Object.defineProperty(prototype, name, { value: planted });
}

plant(
  ConnectedDevice.prototype,
  'message',
  ({ id }, [message]) => id === FAULTY.message && (message as { name: string }).name === 'location',
);
plant(ConnectedDevice.prototype, 'tick', ({ id }) => id === FAULTY.timer);
// Within what follows the look-up of the device.
plant(ConnectedDevice.prototype, 'arrived', ({ id }) => id === FAULTY.promise);
plant(LiveStream.prototype, 'unit', ({ device }) => device === FAULTY.picture);
plant(LiveStream.prototype, 'tick', ({ device }) => device === FAULTY.streamTimer);
plant(LiveStream.prototype, 'detach', ({ device }) => device === FAULTY.end);
// Of what it had open when it went, and of what it was sent: both.
plant(Segmenter.prototype, 'end', (segmenter) => segmenter.bytes > FAULTY.segmentBytes);
plant(IncomingFile.prototype, 'missing', ({ name }) => name.includes(FAULTY.file));
plant(Commander.prototype, 'replied', (_, [, , result]) => result === FAULTY.result);

process.on('SIGUSR2', () =>
  setImmediate(() => {
    throw new Error('planted where nobody catches');
  }),
);
process.on('SIGPWR', () => void Promise.reject(new Error('planted where nobody waits')));
