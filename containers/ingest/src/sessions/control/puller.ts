/** How a JT/T 1078 device is asked to send a channel (0x9101) and to stop (0x9102). */
import type { Channel } from '../../../../../lib/contract/device.ts';
import type { Services } from '../../services.ts';
import type { Puller } from '../../streams/keeper.ts';
import type { Commander } from './commander.ts';

/** 0x9101 dataType: sound and picture. */
const SOUND_AND_PICTURE = 0;
/** Of 0x9101 and 0x9102, unlike 0x9201. */
const STREAMS: Readonly<Record<Channel['stream'], number>> = { main: 0, sub: 1 };

export const jt1078Puller = (
  { host, config }: Pick<Services, 'host' | 'config'>,
  /** Made when it is first needed: most devices are never told anything. */
  device: { readonly commander: Pick<Commander, 'send'> },
): Puller => ({
  start: async (channel, stream) =>
    device.commander.send('startLive', {
      host: await host.get(),
      tcpPort: config.options.announce.media,
      udpPort: 0,
      channel,
      dataType: SOUND_AND_PICTURE,
      stream: STREAMS[stream],
    }),
  stop: (channel, stream) =>
    device.commander.send('controlLive', { channel, command: 0, closeType: 0, stream: STREAMS[stream] }),
});
