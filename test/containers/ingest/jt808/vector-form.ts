/** Decoded messages in the vectors' own words, so that a vector's expectation can be compared as it stands. */

import type { Location } from '../../../../containers/ingest/src/jt808/messages/location.ts';
import type { RecordingFilter } from '../../../../containers/ingest/src/jt808/messages/recordings.ts';
import type { Message } from '../../../../containers/ingest/src/jt808/messages/registry.ts';
import type { AlarmSign } from '../../../../containers/ingest/src/jt808/subiao/sign.ts';
import { printed } from './support.ts';

const word = (value: number): string => `0x${value.toString(16).padStart(4, '0')}`;
const mask = (value: number): string => `0x${value.toString(16).padStart(8, '0')}`;

export function locationDerived(value: Location): object {
  const extras: object[] = [];
  for (let at = 0; at + 2 <= value.extras.length; at += 2 + (value.extras[at + 1] ?? 0)) {
    const length = value.extras[at + 1] ?? 0;
    const id = `0x${value.extras.toString('hex', at, at + 1)}`;
    extras.push({ id, len: length, data: value.extras.toString('hex', at + 2, at + 2 + length) });
  }
  return {
    alarm: mask(value.alarm),
    status: mask(value.status),
    acc_on: (value.status & 1) !== 0,
    gps_fixed: (value.status & 2) !== 0,
    lat_raw: Math.abs(value.latE6),
    lon_raw: Math.abs(value.lonE6),
    lat_signed: value.latE6 / 1e6,
    lon_signed: value.lonE6 / 1e6,
    altitude_m: value.altitude,
    speed_kmh: value.speedKmh,
    direction: value.direction,
    time_local_gmt8: printed(value.time),
    extras,
  };
}

function location(value: Location): object {
  return {
    alarm: value.alarm,
    status: value.status,
    lat: value.latE6,
    lon: value.lonE6,
    altitude: value.altitude,
    speed: Math.round(value.speedKmh * 10),
    direction: value.direction,
    time: printed(value.time),
  };
}

function sign(value: AlarmSign): object {
  return {
    terminal_id: value.terminalId,
    time: printed(value.time),
    seq: value.sequence,
    attachments: value.attachments,
    reserved: value.raw.toString('hex').slice(value.region === 'jiangsu' ? 30 : 76),
  };
}

function filter(value: RecordingFilter): object {
  return {
    channel: value.channel,
    start: printed(value.start),
    end: printed(value.end),
    alarm: value.videoAlarm * 2 ** 32 + value.alarm,
    av_type: value.avType,
    stream: value.stream,
    storage: value.storage,
  };
}

/** Everything a vector may say about this message; a vector says some of it. */
export function vectorForm(message: Message): object {
  switch (message.name) {
    case 'terminalReply':
    case 'platformReply': {
      const { replySerial, replyId, result } = message.value;
      return { reply_serial: replySerial, reply_id: word(replyId), result };
    }
    case 'terminalRetransmit':
    case 'platformRetransmit': {
      const { firstSerial, indices } = message.value;
      return { original_serial: firstSerial, count: indices.length, ids: indices };
    }
    case 'timeReply':
      return { server_time_bcd: `${printed(message.value.time)} (field is UTC per standard)` };
    case 'register': {
      const { terminalId, plateColor, ...value } = message.value;
      return { ...value, terminal_id: terminalId, plate_color: plateColor };
    }
    case 'registerReply': {
      const { replySerial, result, authCode } = message.value;
      return { reply_serial: replySerial, result, auth_code: authCode };
    }
    case 'authenticate': {
      const { authCode, imei, softwareVersion } = message.value;
      return { auth_code: authCode, imei, software_version: softwareVersion };
    }
    case 'locationBatch': {
      const { locations, type } = message.value;
      return { count: locations.length, type, items: locations.map(location) };
    }
    case 'mediaEvent': {
      const { mediaId, ...value } = message.value;
      return { media_id: mediaId, ...value };
    }
    case 'mediaData': {
      const { mediaId, data, location: where, ...value } = message.value;
      return { media_id: mediaId, ...value, data: data.toString('hex'), location: where && location(where) };
    }
    case 'mediaReply': {
      const { mediaId, missing = [] } = message.value;
      const idsHex = missing.map((id) => id.toString(16).padStart(4, '0')).join('');
      return { media_id: mediaId, count: missing.length, ids: missing, ids_hex: idsHex };
    }
    case 'avAttributes': {
      const v = message.value;
      return {
        audio_codec: v.audioCodec,
        audio_channels: v.audioChannels,
        sample_rate: v.sampleRate,
        sample_bits: v.sampleBits,
        frame_len: v.audioFrameBytes,
        audio_output: v.audioOutput ? 1 : 0,
        video_codec: v.videoCodec,
        max_audio: v.maxAudioChannels,
        max_video: v.maxVideoChannels,
      };
    }
    case 'startLive': {
      const { host, tcpPort, udpPort, channel, dataType, stream } = message.value;
      return { ip: host, tcp: tcpPort, udp: udpPort, channel, data_type: dataType, stream };
    }
    case 'controlLive': {
      const { channel, command, closeType, stream } = message.value;
      return { channel, command, close_type: closeType, stream };
    }
    case 'startPlayback': {
      const { host, tcpPort, udpPort, avType, start, end, ...value } = message.value;
      const times = { start: printed(start), end: printed(end) };
      return { ip: host, tcp: tcpPort, udp: udpPort, av_type: avType, ...times, ...value };
    }
    case 'controlPlayback':
      return { ...message.value, position: printed(message.value.position) };
    case 'listRecordings':
      return filter(message.value);
    case 'uploadRecording': {
      const { host, port, user, password, path, condition } = message.value;
      return { ip: host, port, user, password, path, condition, ...filter(message.value) };
    }
    case 'uploadDone':
      return { reply_serial: message.value.replySerial, result: message.value.result };
    case 'recordingList': {
      const { replySerial, total, items } = message.value;
      const list = items.map((item) => ({ ...filter(item), size: item.size }));
      return { reply_serial: replySerial, total, parsed: items.length, items: list };
    }
    case 'uploadAttachments': {
      const { host, tcpPort, udpPort, sign: alarm, alarmNo, reserved = '' } = message.value;
      const ascii = Buffer.from(reserved, 'hex').toString('latin1');
      const tail = { alarm_no: alarmNo, reserved_hex: reserved, reserved_ascii: ascii };
      return { ip: host, tcp: tcpPort, udp: udpPort, alarm_sign: sign(alarm), ...tail };
    }
    case 'attachmentList': {
      const { terminalId, sign: alarm, alarmNo, infoType, files } = message.value;
      const head = { terminal_id: terminalId, alarm_sign: sign(alarm), alarm_no: alarmNo };
      return { ...head, info_type: infoType, files, sign_time: printed(alarm.time), ...sign(alarm) };
    }
    case 'attachmentBegin':
    case 'attachmentEnd':
      return message.value;
    case 'attachmentReply': {
      const { name, type, missing } = message.value;
      return { name, type, result: missing.length > 0 ? 1 : 0, count: missing.length, missing };
    }
    default:
      return {};
  }
}
