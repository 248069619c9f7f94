/** Whether a channel that begins to arrive is taken, and what it is: its live picture, or a recording played back. */
import type { DeviceRecord } from '../../../../../lib/contract/device.ts';
import { zoneMinutes } from '../../../../../lib/contract/device.ts';
import { wallTime } from '../../media/wall-clock.ts';
import { comesFromIt, policyOf } from '../control/admission.ts';
import { networkOf } from '../../net/gate.ts';
import type { PlaybackRow } from '../../../../../lib/contract/fleet.ts';
import { LiveStream, type Source } from '../../streams/stream.ts';
import type { Streams } from '../../streams/streams.ts';
import type { Services } from '../../services.ts';

export interface Arrival {
  /** Of the SIM in the packets. */
  readonly identity: string;
  readonly channel: number;
  readonly source: Source;
  readonly address: string;
  /** Device time of its first unit so far, milliseconds of any origin. */
  readonly peek: () => number | undefined;
}

/** Milliseconds a request counts beyond the time a device has to begin: writes and clocks take a little. */
const SLACK_MS = 15_000;
/** Milliseconds of the time of day within which pictures are taken for live ones. */
const LIVE_TOLERANCE_MS = 10 * 60_000;

export class Reception {
  readonly #services: Services;
  readonly #streams: Streams;

  constructor(services: Services, streams: Streams) {
    this.#services = services;
    this.#streams = streams;
  }

  /** Undefined: refused, and counted. */
  async receive({ identity, channel, source, address, peek }: Arrival): Promise<LiveStream | undefined> {
    const { registry, fleet, metrics, log, unknown } = this.#services;
    let record = await registry.bySim(identity);
    if (record === undefined) {
      metrics.refuse('unknown');
      unknown.saw({ id: identity, address, why: 'media' });
      return undefined;
    }
    const { options } = this.#services.config;
    const { startSeconds } = options;
    const network = networkOf(address);
    // It may have come a moment ago, which a copy a few seconds old does not say.
    if (!comesFromIt(record, network, options)) record = (await registry.fresh(record.id)) ?? record;
    if (!comesFromIt(record, network, options)) {
      metrics.refuse('network');
      log.trouble('media-from-elsewhere', record.id, `channel ${channel}`);
      return undefined;
    }
    const here = this.#streams.expected(record.id, channel);
    const playback = await fleet.playback(record.id, channel);
    let asked = here !== undefined || mayStream(record, channel, startSeconds, Date.now());
    if (!asked && playback === undefined) {
      // A request made a moment ago is not in a copy a few seconds old.
      record = (await registry.fresh(record.id)) ?? record;
      asked = mayStream(record, channel, startSeconds, Date.now());
    }
    if (!asked && playback === undefined) {
      metrics.refuse(policyOf(record, channel) === 'never' ? 'policy' : 'unasked');
      log.trouble('media-refused', record.id, `channel ${channel}`);
      return undefined;
    }
    if (this.#streams.full && !this.#streams.isConnected(record.id, channel)) {
      metrics.refuse('streams');
      this.#tellBusy(record, channel);
      return undefined;
    }
    if (playback !== undefined && (!asked || !looksLive(record, peek(), Date.now()))) {
      return this.#playBack(record, playback, source);
    }
    return this.#streams.attach(record, channel, source, here ?? record.streams[String(channel)]?.requestId);
  }

  async #playBack(record: DeviceRecord, playback: PlaybackRow, source: Source): Promise<LiveStream> {
    await this.#services.fleet.playbackTaken(record.id, playback.channel);
    const stream = new LiveStream(this.#services, {
      record,
      channel: playback.channel,
      playback,
      ended: (ended) => this.#streams.others.delete(ended),
    });
    this.#streams.others.add(stream);
    stream.attach(source, record, playback.requestId);
    return stream;
  }

  #tellBusy(record: DeviceRecord, channel: number): void {
    const { outbox, state } = this.#services;
    const reason = 'Every task takes as many streams as it may; try again in a moment.';
    const stream = { state: 'busy', since: new Date().toISOString(), reason } as const;
    outbox.put(`stream ${record.id} ${channel}`, () => state.stream(record.id, channel, stream));
  }
}

/** By its record: always, or while a request is outstanding or answered. Pure. */
export function mayStream(
  record: Pick<DeviceRecord, 'channels' | 'streams'>,
  channel: number,
  startSeconds: number,
  now: number,
): boolean {
  const policy = policyOf(record, channel);
  if (policy === 'always') return true;
  if (policy === undefined || policy === 'never') return false;
  const stream = record.streams[String(channel)];
  if (stream?.state === 'live') return true;
  return stream?.state === 'starting' && now - Date.parse(stream.since) < startSeconds * 1000 + SLACK_MS;
}

/** Whether a timestamp is of now, by any reading of it; also where the clock says nothing. */
function looksLive(record: DeviceRecord, timestamp: number | undefined, now: number): boolean {
  if (timestamp === undefined) return true;
  const zone = zoneMinutes(record.timeZone, now);
  const { source } = wallTime(timestamp, now, { zoneMinutes: zone, tolerance: LIVE_TOLERANCE_MS });
  return source === 'device';
}
