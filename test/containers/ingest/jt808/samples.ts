/** One or more values of every message, made up: encoders round-trip over these with or without the captures. */

import type { LocationFields } from '../../../../containers/ingest/src/jt808/messages/location.ts';
import type { MessageInput, MessageName } from '../../../../containers/ingest/src/jt808/messages/registry.ts';
import { makeSign } from '../../../../containers/ingest/src/jt808/subiao/sign.ts';

const sign = makeSign({ region: 'guangdong', terminalId: 'T7', time: '261120081500', sequence: 1, attachments: 3 });
const shortSign = makeSign({ region: 'jiangsu', terminalId: 'T7', time: '261120081500', sequence: 0, attachments: 0 });

const place = {
  speedKmh: 61,
  altitude: -12,
  latE6: -31_000_562,
  lonE6: -121_451_372,
  time: '261120081500',
  vehicleStatus: 1025,
};

export const fullLocation: LocationFields = {
  alarm: 0x8000_0001,
  status: 0x000c_000f,
  latE6: -31_000_562,
  lonE6: -121_451_372,
  altitude: -12,
  speedKmh: 61.3,
  direction: 359,
  time: '261120081500',
  items: {
    mileageKm: 12345.6,
    fuelLitres: 33.3,
    recorderSpeedKmh: 61.2,
    confirmAlarmId: 9,
    tyrePressures: Buffer.alloc(30, 0xff),
    cabinTemperature: -18,
    overspeed: { type: 1, area: 77 },
    area: { type: 2, area: 3, direction: 1 },
    segment: { segment: 5, seconds: 600, result: 1 },
    videoAlarms: 3,
    signalLost: 0x8000_0001,
    signalBlocked: 2,
    storageFailure: 0x1001,
    abnormalDriving: { behaviour: 3, fatigue: 80 },
    vehicleSignals: 0x11,
    io: 2,
    analog: 0xffff_0001,
    signalStrength: 30,
    satellites: 17,
    alarms: [
      {
        item: 0x64,
        alarmId: 1,
        flag: 1,
        type: 1,
        level: 2,
        frontSpeedKmh: 40,
        distance: 9,
        departure: 0,
        roadSign: 1,
        roadSignValue: 60,
        ...place,
        sign,
      },
      { item: 0x65, alarmId: 2, flag: 0, type: 1, level: 1, fatigue: 8, reserved: '01020304', ...place, sign },
      {
        item: 0x66,
        alarmId: 3,
        flag: 2,
        ...place,
        sign,
        wheelBytes: 2,
        wheels: [{ wheel: 4, alarm: 2, pressureKpa: 900, temperature: -5, batteryPercent: 80 }],
      },
      {
        item: 0x66,
        alarmId: 3,
        flag: 2,
        ...place,
        sign: shortSign,
        wheelBytes: 1,
        wheels: [
          { wheel: 1, alarm: 1, pressureKpa: 800, temperature: 20, batteryPercent: 90 },
          { wheel: 2, alarm: 4, pressureKpa: 700, temperature: 21, batteryPercent: 91 },
        ],
      },
      { item: 0x67, alarmId: 4, flag: 1, type: 3, ...place, sign: shortSign },
    ],
    other: [{ id: 0xeb, data: Buffer.from('000c00b2', 'hex') }],
  },
};

const plainLocation: LocationFields = { ...fullLocation, status: 3, latE6: 1_334_050, lonE6: 103_885_690, items: {} };
const filter = {
  channel: 3,
  start: '261120081500',
  end: '000000000000',
  alarm: 0x8000_0000,
  videoAlarm: 0x8000_0001,
  avType: 0,
  stream: 1,
  storage: 1,
};
const register = { province: 44, city: 300, manufacturer: 'SLUIC', model: 'M-1', terminalId: 'AB12345' };
const jpeg = Buffer.from('ffd8ffe000104a464946', 'hex');
const event = { mediaId: 0xffff_fffe, type: 0, format: 0, event: 3, channel: 2 };

export const samples: { readonly [N in MessageName]: readonly MessageInput<N>[] } = {
  terminalReply: [{ replySerial: 65535, replyId: 0x9101, result: 3 }],
  platformReply: [{ replySerial: 0, replyId: 0x0200, result: 4 }],
  heartbeat: [{}],
  logout: [{}],
  timeQuery: [{}],
  timeReply: [{ time: '261120081500' }],
  terminalRetransmit: [{ firstSerial: 65535, indices: [1, 65535] }],
  platformRetransmit: [
    { firstSerial: 17148, indices: [7, 8, 16] },
    { firstSerial: 1, indices: [] },
  ],
  register: [
    { layout: 2011, ...register, plateColor: 1, plate: '粤B12345' },
    { layout: 2013, ...register, plateColor: 2, plate: '粤B12345' },
    { layout: 2019, ...register, terminalId: 'T'.repeat(30), plateColor: 0, plate: 'LSVAM4187C2184847' },
  ],
  registerReply: [
    { replySerial: 1, result: 0, authCode: 'a-code' },
    { replySerial: 1, result: 4 },
  ],
  authenticate: [{ authCode: '鉴权' }, { authCode: 'x', imei: '868935060005020', softwareVersion: 'V1.2' }],
  setParameters: [{ parameters: [{ id: 0x0001, value: Buffer.from('0000001e', 'hex') }] }],
  queryAllParameters: [{}],
  queryParameters: [{ ids: [1, 0x0029, 0xffff_ffff] }],
  parametersReply: [{ replySerial: 3, parameters: [{ id: 0x0013, value: Buffer.from('a.example') }] }],
  location: [fullLocation, plainLocation],
  locationQuery: [{}],
  locationReply: [{ replySerial: 9, location: fullLocation }],
  locationBatch: [{ type: 1, locations: [plainLocation, fullLocation] }],
  mediaEvent: [event],
  mediaData: [
    { ...event, location: plainLocation, data: jpeg },
    { ...event, type: 1, location: plainLocation, data: Buffer.from('RIFF') },
    { ...event, data: jpeg },
  ],
  mediaReply: [{ mediaId: 7 }, { mediaId: 7, missing: [3, 4, 65535] }],
  shoot: [
    {
      channel: 1,
      command: 0xffff,
      seconds: 10,
      save: true,
      resolution: 255,
      quality: 5,
      brightness: 128,
      contrast: 64,
      saturation: 63,
      chroma: 200,
    },
  ],
  shootReply: [
    { replySerial: 5, result: 0, mediaIds: [1, 2] },
    { replySerial: 5, result: 2, mediaIds: [] },
  ],
  avAttributesQuery: [{}],
  avAttributes: [
    {
      audioCodec: 6,
      audioChannels: 1,
      sampleRate: 0,
      sampleBits: 1,
      audioFrameBytes: 320,
      audioOutput: true,
      videoCodec: 98,
      maxAudioChannels: 4,
      maxVideoChannels: 4,
    },
  ],
  passengers: [{ start: '261120081500', end: '261120082500', on: 12, off: 3 }],
  startLive: [{ host: 'media.example.com', tcpPort: 11078, udpPort: 0, channel: 2, dataType: 0, stream: 1 }],
  controlLive: [{ channel: 2, command: 1, closeType: 0, stream: 1 }],
  liveStatus: [{ channel: 2, loss: 17 }],
  startPlayback: [
    {
      host: '192.0.2.1',
      tcpPort: 11078,
      udpPort: 0,
      channel: 1,
      avType: 0,
      stream: 2,
      storage: 1,
      mode: 1,
      speed: 3,
      start: '261120081500',
      end: '261120082500',
    },
  ],
  controlPlayback: [{ channel: 1, control: 5, speed: 0, position: '261120081700' }],
  listRecordings: [filter],
  recordingList: [
    {
      replySerial: 4,
      total: 2,
      items: [
        { ...filter, size: 0xffff_ffff },
        { ...filter, channel: 4, size: 1 },
      ],
    },
    { replySerial: 4, total: 0, items: [] },
  ],
  uploadRecording: [
    { ...filter, host: 'ftp.example.com', port: 21, user: 'u', password: 'p', path: '/录像', condition: 7 },
  ],
  uploadDone: [{ replySerial: 6, result: 1 }],
  controlUpload: [{ replySerial: 6, control: 2 }],
  uploadAttachments: [
    { host: '192.0.2.1', tcpPort: 7612, udpPort: 0, sign, alarmNo: 'n'.repeat(32), reserved: '30'.repeat(16) },
    { host: '192.0.2.1', tcpPort: 7612, udpPort: 0, sign: shortSign, alarmNo: 'short', reserved: '00'.repeat(16) },
  ],
  attachmentList: (['jiangsu', 'guangdong', 'heilongjiang', 'hunan', 'sichuan'] as const).flatMap((region) =>
    [0, 1, 3].map((count) => ({
      terminalId: region === 'heilongjiang' ? '' : 'T7',
      sign: makeSign({ region, terminalId: 'T7', time: '261120081500', sequence: 1, attachments: count }),
      alarmNo: '0123456789abcdef0123456789abcdef',
      infoType: count === 3 ? 1 : 0,
      files: Array.from({ length: count }, (_, n) => ({ name: `0${n}_64_6401_${n}_abc.jpg`, size: 70_000 * n })),
    })),
  ),
  attachmentBegin: [{ name: '00_64_6401_0_abc.jpg', type: 0, size: 0xffff_ffff }],
  attachmentEnd: [{ name: '00_64_6401_0_abc.jpg', type: 0, size: 11362 }],
  attachmentReply: [
    { name: '00_64_6401_0_abc.jpg', type: 0, missing: [] },
    {
      name: '00_64_6401_0_abc.jpg',
      type: 0,
      missing: [
        { offset: 0, length: 1024 },
        { offset: 4096, length: 1 },
      ],
    },
  ],
};
