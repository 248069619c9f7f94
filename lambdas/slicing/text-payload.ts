/** From a packet of a text track, as containers carry it, to WebVTT cue text. Pure. */
import type { SourceText } from '../../lib/contract/source.ts';
import { escapeText, fromSubRip, cleanWebVtt, MAX_CUE_LENGTH } from '../shared/cues.ts';

/** The cue text, empty when the packet says nothing. What is too long is cut. */
export function cueText(codec: SourceText['codec'], packet: Buffer): string {
  const text = READERS[codec](packet)
    .split(/\r\n|\r|\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '')
    .join('\n');
  return text.replaceAll('\0', '').slice(0, MAX_CUE_LENGTH);
}

const utf8 = (packet: Buffer): string => packet.toString('utf8');

const READERS: Record<SourceText['codec'], (packet: Buffer) => string> = {
  mov_text: (packet) => escapeText(timedText(packet)),
  subrip: (packet) => fromSubRip(utf8(packet)),
  text: (packet) => escapeText(utf8(packet)),
  webvtt: (packet) => cleanWebVtt(utf8(packet)),
  ass: (packet) => fromSubStation(utf8(packet)),
  ssa: (packet) => fromSubStation(utf8(packet)),
};

/** 3GPP TS 26.245 5.17: two bytes of length, then UTF-8, or UTF-16 after its mark; boxes of style follow. */
function timedText(packet: Buffer): string {
  if (packet.length < 2) return '';
  const text = packet.subarray(2, 2 + packet.readUInt16BE(0));
  if (text.length >= 2 && text.readUInt16BE(0) === 0xfe_ff) return new TextDecoder('utf-16be').decode(text);
  return utf8(text);
}

/** Fields before the text of an event as Matroska carries it: ReadOrder, Layer, Style, Name, three margins, Effect. */
const EVENT_FIELDS = 8;

/** An event of (Advanced) SubStation Alpha. Drawings (`\p1`) are no text. */
function fromSubStation(event: string): string {
  const text = event.split(',').slice(EVENT_FIELDS).join(',');
  if (/\{[^{}]*\\p[1-9]/.test(text)) return '';
  const plain = text
    .replace(/\{[^{}]*\}/g, '')
    .replace(/\\[Nn]/g, '\n')
    .replaceAll('\\h', ' ');
  return escapeText(plain);
}
