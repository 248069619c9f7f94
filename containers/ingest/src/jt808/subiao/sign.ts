/**
 * The alarm sign (报警标识号) that ties an alarm to its attachments, in its regional variants. They differ in length only,
 * so a length tells the variant. 0x9208 must send the very bytes that came in 0x0200: `raw` keeps them.
 */

import { Reader, Writer, trimPadding } from '../bytes.ts';
import { decodeGbk } from '../gbk.ts';
import type { BcdTime } from '../time.ts';

export type Region = 'jiangsu' | 'guangdong' | 'heilongjiang' | 'hunan' | 'sichuan';

export interface Layout {
  readonly region: Region;
  /** Bytes of the terminal id before the sign in 0x1210. */
  readonly leading: number;
  /** Bytes of the terminal id inside the sign. */
  readonly terminalId: number;
  /** Bytes of the whole sign. */
  readonly sign: number;
}

/** T/JSATL 12-2017 table 16; T/GDRTA 002-2020 5.6; Heilongjiang from devices; Hunan and Sichuan from other servers' code. */
export const layouts: readonly Layout[] = [
  { region: 'jiangsu', leading: 7, terminalId: 7, sign: 16 },
  { region: 'guangdong', leading: 30, terminalId: 30, sign: 40 },
  { region: 'heilongjiang', leading: 0, terminalId: 30, sign: 38 },
  { region: 'hunan', leading: 7, terminalId: 7, sign: 32 },
  { region: 'sichuan', leading: 30, terminalId: 30, sign: 39 },
];

export interface AlarmSign {
  readonly region: Region;
  readonly terminalId: string;
  readonly time: BcdTime;
  /** Which of several alarms in one second. */
  readonly sequence: number;
  readonly attachments: number;
  /** All its bytes: a copy, good for as long as it is wanted. */
  readonly raw: Buffer;
}

/** The sign that `bytes` are, or undefined when no variant has that length. */
export function decodeSign(bytes: Buffer): AlarmSign | undefined {
  const layout = layouts.find((candidate) => candidate.sign === bytes.length);
  return layout && readSign(bytes, layout);
}

export function readSign(bytes: Buffer, layout: Layout): AlarmSign {
  const r = new Reader(bytes);
  const terminalId = decodeGbk(trimPadding(r.bytes(layout.terminalId)));
  const value = { region: layout.region, terminalId, time: r.hex(6), sequence: r.u8(), attachments: r.u8() };
  return { ...value, raw: Buffer.from(bytes) };
}

/** A sign with its bytes made from its fields: for the simulator. Reserved bytes are 00. */
export function makeSign(value: Omit<AlarmSign, 'raw'>): AlarmSign {
  const layout = layoutOf(value.region);
  const w = new Writer().padded(value.terminalId, layout.terminalId).hex(value.time, 6);
  w.u8(value.sequence).u8(value.attachments);
  w.bytes(Buffer.alloc(layout.sign - layout.terminalId - 8));
  return { ...value, raw: w.done() };
}

export function layoutOf(region: Region): Layout {
  const layout = layouts.find((candidate) => candidate.region === region);
  if (layout === undefined) throw new TypeError(`no alarm sign layout is called ${region}`);
  return layout;
}
