/** Terminal parameters: JT/T 808-2019 8.9 to 8.12 (0x8103, 0x8104, 0x8106, 0x0104). */

import { Reader, Writer } from '../bytes.ts';
import { decodeGbk, encodeGbk } from '../gbk.ts';

export interface Parameter {
  readonly id: number;
  /** At most 255 bytes. */
  readonly value: Buffer;
}

/** Parameters the platform cares for. */
export const ParameterId = {
  heartbeatSeconds: 0x0001,
  serverAddress: 0x0013,
  serverPort: 0x0018,
  reportIntervalSeconds: 0x0029,
  plate: 0x0083,
} as const;

/** Parameters whose value is a STRING; the others' are BYTE, WORD or DWORD by their length, or opaque (table 12). */
const textIds = new Set([
  0x10, 0x11, 0x12, 0x13, 0x14, 0x15, 0x16, 0x17, 0x1a, 0x1d, 0x23, 0x24, 0x25, 0x26, 0x40, 0x41, 0x42, 0x43, 0x44,
  0x48, 0x49, 0x83,
]);

/** What a parameter means: text, a number, or its bytes. */
export function parameterValue(parameter: Parameter): string | number | Buffer {
  const { id, value } = parameter;
  if (textIds.has(id)) return decodeGbk(value);
  if (value.length === 1) return value.readUInt8(0);
  if (value.length === 2) return value.readUInt16BE(0);
  if (value.length === 4) return value.readUInt32BE(0);
  return value;
}

export const textParameter = (id: number, text: string): Parameter => ({ id, value: encodeGbk(text, 255) });
export const numberParameter = (id: number, value: number): Parameter => ({
  id,
  value: new Writer().u32(value).done(),
});

/**
 * The list up to where it breaks: a real recorder gives a wrong length in the middle and little-endian ids behind it. Id
 * 0 is no parameter, and only stands where such a list has gone astray.
 */
function readParameters(r: Reader): Parameter[] | undefined {
  const count = r.u8();
  if (!r.ok) return undefined;
  const parameters: Parameter[] = [];
  for (let n = 0; n < count; n++) {
    const id = r.u32();
    const value = r.bytes(r.u8());
    if (!r.ok) break;
    if (id !== 0) parameters.push({ id, value });
  }
  return parameters;
}

function writeParameters(w: Writer, parameters: readonly Parameter[]): Writer {
  const listed = parameters.slice(0, 255);
  w.u8(listed.length);
  for (const { id, value } of listed) {
    const bytes = value.subarray(0, 255);
    w.u32(id).u8(bytes.length).bytes(bytes);
  }
  return w;
}

/** 0x8103. */
export interface SetParameters {
  readonly parameters: readonly Parameter[];
}

export function decodeSetParameters(body: Buffer): SetParameters | undefined {
  const parameters = readParameters(new Reader(body));
  return parameters && { parameters };
}

export function encodeSetParameters(value: SetParameters): Buffer {
  return writeParameters(new Writer(), value.parameters).done();
}

/** 0x8106: which parameters to answer. */
export interface QueryParameters {
  readonly ids: readonly number[];
}

export function decodeQueryParameters(body: Buffer): QueryParameters | undefined {
  const r = new Reader(body);
  const count = r.u8();
  const ids: number[] = [];
  for (let n = 0; n < count && r.ok; n++) ids.push(r.u32());
  return r.ok ? { ids } : undefined;
}

export function encodeQueryParameters(value: QueryParameters): Buffer {
  const ids = value.ids.slice(0, 255);
  const w = new Writer().u8(ids.length);
  for (const id of ids) w.u32(id);
  return w.done();
}

/** 0x0104, the answer to 0x8104 and 0x8106. */
export interface ParametersReply extends SetParameters {
  readonly replySerial: number;
}

export function decodeParametersReply(body: Buffer): ParametersReply | undefined {
  const r = new Reader(body);
  const replySerial = r.u16();
  const parameters = readParameters(r);
  return parameters && { replySerial, parameters };
}

export function encodeParametersReply(value: ParametersReply): Buffer {
  return writeParameters(new Writer().u16(value.replySerial), value.parameters).done();
}
