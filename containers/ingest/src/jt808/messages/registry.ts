/**
 * Every message the platform knows, both directions: id → name, decode, encode. The server decodes what terminals send
 * and encodes what it sends; the device simulator does it the other way round with the same table.
 * Buffers inside a decoded message are views of its body, good for as long as the body is.
 */

import type { Terminal, Version } from '../header.ts';
import { encodeMessage } from '../subpackage.ts';
import * as upload from '../subiao/upload.ts';
import * as general from './general.ts';
import * as live from './live.ts';
import * as location from './location.ts';
import * as multimedia from './multimedia.ts';
import * as parameters from './parameters.ts';
import * as recordings from './recordings.ts';
import * as register from './register.ts';

export interface MessageType<N extends string, T, I = T> {
  readonly id: number;
  readonly name: N;
  /** Undefined when the body is too short or contradicts itself. Never throws. */
  readonly decode: (body: Buffer, version: Version) => T | undefined;
  readonly encode: (value: I, version: Version) => Buffer;
}

function define<const N extends string, T, I = T>(
  id: number,
  name: N,
  decode: (body: Buffer, version: Version) => T | undefined,
  encode: (value: I, version: Version) => Buffer,
): MessageType<N, T, I> {
  return { id, name, decode, encode };
}

const empty = <const N extends string>(id: number, name: N) =>
  define(id, name, general.decodeEmpty, general.encodeEmpty as (value: general.Empty) => Buffer);

const all = [
  define(0x0001, 'terminalReply', general.decodeGeneralReply, general.encodeGeneralReply),
  define(0x8001, 'platformReply', general.decodeGeneralReply, general.encodeGeneralReply),
  empty(0x0002, 'heartbeat'),
  empty(0x0003, 'logout'),
  empty(0x0004, 'timeQuery'),
  define(0x8004, 'timeReply', general.decodeServerTime, general.encodeServerTime),
  define(0x0005, 'terminalRetransmit', general.decodeRetransmit, general.encodeRetransmit),
  define(0x8003, 'platformRetransmit', general.decodeRetransmit, general.encodeRetransmit),
  define(0x0100, 'register', register.decodeRegister, register.encodeRegister),
  define(0x8100, 'registerReply', register.decodeRegisterReply, register.encodeRegisterReply),
  define(0x0102, 'authenticate', register.decodeAuthenticate, register.encodeAuthenticate),
  define(0x8103, 'setParameters', parameters.decodeSetParameters, parameters.encodeSetParameters),
  empty(0x8104, 'queryAllParameters'),
  define(0x8106, 'queryParameters', parameters.decodeQueryParameters, parameters.encodeQueryParameters),
  define(0x0104, 'parametersReply', parameters.decodeParametersReply, parameters.encodeParametersReply),
  define(0x0200, 'location', location.decodeLocation, location.encodeLocation),
  empty(0x8201, 'locationQuery'),
  define(0x0201, 'locationReply', location.decodeLocationReply, location.encodeLocationReply),
  define(0x0704, 'locationBatch', location.decodeLocationBatch, location.encodeLocationBatch),
  define(0x0800, 'mediaEvent', multimedia.decodeMediaEvent, multimedia.encodeMediaEvent),
  define(0x0801, 'mediaData', multimedia.decodeMediaData, multimedia.encodeMediaData),
  define(0x8800, 'mediaReply', multimedia.decodeMediaReply, multimedia.encodeMediaReply),
  define(0x8801, 'shoot', multimedia.decodeShoot, multimedia.encodeShoot),
  define(0x0805, 'shootReply', multimedia.decodeShootReply, multimedia.encodeShootReply),
  empty(0x9003, 'avAttributesQuery'),
  define(0x1003, 'avAttributes', live.decodeAvAttributes, live.encodeAvAttributes),
  define(0x1005, 'passengers', live.decodePassengers, live.encodePassengers),
  define(0x9101, 'startLive', live.decodeStartLive, live.encodeStartLive),
  define(0x9102, 'controlLive', live.decodeControlLive, live.encodeControlLive),
  define(0x9105, 'liveStatus', live.decodeLiveStatus, live.encodeLiveStatus),
  define(0x9201, 'startPlayback', recordings.decodeStartPlayback, recordings.encodeStartPlayback),
  define(0x9202, 'controlPlayback', recordings.decodeControlPlayback, recordings.encodeControlPlayback),
  define(0x9205, 'listRecordings', recordings.decodeListRecordings, recordings.encodeListRecordings),
  define(0x1205, 'recordingList', recordings.decodeRecordingList, recordings.encodeRecordingList),
  define(0x9206, 'uploadRecording', recordings.decodeUploadRecording, recordings.encodeUploadRecording),
  define(0x1206, 'uploadDone', recordings.decodeUploadDone, recordings.encodeUploadDone),
  define(0x9207, 'controlUpload', recordings.decodeControlUpload, recordings.encodeControlUpload),
  define(0x9208, 'uploadAttachments', upload.decodeUploadCommand, upload.encodeUploadCommand),
  define(0x1210, 'attachmentList', upload.decodeAttachmentList, upload.encodeAttachmentList),
  define(0x1211, 'attachmentBegin', upload.decodeAttachmentFile, upload.encodeAttachmentFile),
  define(0x1212, 'attachmentEnd', upload.decodeAttachmentFile, upload.encodeAttachmentFile),
  define(0x9212, 'attachmentReply', upload.decodeAttachmentReply, upload.encodeAttachmentReply),
] as const;

type Known = (typeof all)[number];
type Type<N extends Known['name']> = Extract<Known, { name: N }>;

export type MessageName = Known['name'];
/** What `encode` of a message takes. */
export type MessageInput<N extends MessageName> = Parameters<Type<N>['encode']>[0];
/** What `decode` of a message answers. */
export type MessageValue<N extends MessageName> = NonNullable<ReturnType<Type<N>['decode']>>;

/** A decoded message: switch on `name`. `unknown` ids and `malformed` or encrypted bodies come as their bytes. */
export type Message =
  | {
      readonly [N in MessageName]: { readonly id: number; readonly name: N; readonly value: MessageValue<N> };
    }[MessageName]
  | { readonly id: number; readonly name: 'unknown' | 'malformed' | 'encrypted'; readonly value: Buffer };

/** Id → type. */
export const registry: ReadonlyMap<number, Known> = new Map(all.map((type) => [type.id, type]));

const byName = new Map<MessageName, Known>(all.map((type) => [type.name, type]));

/** Decodes a whole body: of one frame, or reassembled. `encryption` is the header's. */
export function decodeBody(id: number, body: Buffer, version: Version, encryption = 0): Message {
  const type = registry.get(id);
  if (type === undefined) return { id, name: 'unknown', value: body };
  if (encryption !== 0) return { id, name: 'encrypted', value: body };
  const value = type.decode(body, version);
  if (value === undefined) return { id, name: 'malformed', value: body };
  return { id, name: type.name, value } as Message;
}

/** The id of a message by its name. */
export function idOf(name: MessageName): number {
  return typeOf(name).id;
}

/** Encodes a body. */
export function encodeBody<N extends MessageName>(name: N, value: MessageInput<N>, version: Version): Buffer {
  const encode = typeOf(name).encode as (value: MessageInput<N>, version: Version) => Buffer;
  return encode(value, version);
}

/** The frames of one message to or from `terminal`, sub-packaged when it must be; `nextSerial` is called once a frame. */
export function encodeFrames<N extends MessageName>(
  terminal: Terminal,
  name: N,
  value: MessageInput<N>,
  nextSerial: () => number,
): Buffer[] {
  return encodeMessage(terminal, idOf(name), encodeBody(name, value, terminal.version), nextSerial);
}

function typeOf(name: MessageName): Known {
  const type = byName.get(name);
  if (type === undefined) throw new TypeError(`no message is called ${name}`);
  return type;
}
