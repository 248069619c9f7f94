/**
 * Which picture a packet is a piece of. Its mark says so (atomic, first, middle, last), and devices get it wrong: all atomic;
 * first and then all last; no last. What they cannot get wrong is that a picture begins with a start code, so a piece without
 * one goes on with what came before it; timestamp and frame type then tell pictures apart. Pure.
 */
import { isSlice, nalType, opensPicture } from '../media/annexb.ts';
import type { Nal, VideoCodec } from '../media/unit.ts';
import { Part, type PacketView } from './packet.ts';

/** A picture so far. */
export interface Begun {
  readonly timestamp: number;
  readonly dataType: number;
  /** By the mark of its latest piece it is. */
  readonly isWhole: boolean;
  hasSlice(codec: VideoCodec): boolean;
}

type Piece = Pick<PacketView, 'bytes' | 'start' | 'end' | 'part' | 'timestamp' | 'dataType'>;

/**
 * `same`: it belongs to the picture that was begun. `next`: that one is over. `lost`: it belongs to none that can be told, and
 * the one that was begun may lack a part. By their numbers no packet is missing between them. `starts`: it begins with a start
 * code; `isPlain`: as the channel's pictures do. Asked for every packet: hence no object for what is asked.
 */
export function placeOf(
  piece: Piece,
  starts: boolean,
  begun: Begun,
  isPlain: boolean,
  codec: VideoCodec,
): 'same' | 'next' | 'lost' {
  const opens = piece.part === Part.atomic || piece.part === Part.first;
  const differs = piece.timestamp !== begun.timestamp || piece.dataType !== begun.dataType;
  if (differs) {
    if (starts || !isPlain) return 'next';
    // By its mark and its bytes it goes on, as of a device that stamps each packet with the time it sends it.
    return opens || begun.isWhole ? 'lost' : 'same';
  }
  if (!starts) return opens && begun.isWhole && !isPlain ? 'next' : 'same';
  if (!opens && !begun.isWhole) return 'same';
  // A clock that stands still gives all pictures one timestamp: it is the next one, unless it is a further slice.
  if (continuesPicture(piece, codec)) return 'same';
  if (begun.isWhole) return 'next';
  // Parameter sets and the like come before their picture, each of them a first piece by its mark.
  return begun.hasSlice(codec) ? 'lost' : 'same';
}

/** Its body begins with a start code of three or four bytes. */
export const startsPicture = (piece: Piece): boolean => startCodeBytes(piece) > 0;

function startCodeBytes({ bytes, start, end }: Pick<PacketView, 'bytes' | 'start' | 'end'>): number {
  if (end - start < 4 || bytes[start] !== 0 || bytes[start + 1] !== 0) return 0;
  if (bytes[start + 2] === 1) return 3;
  return bytes[start + 2] === 0 && bytes[start + 3] === 1 ? 4 : 0;
}

/** It begins with a start code, and with a slice that is not the first of its picture. */
export function continuesPicture(piece: Piece, codec: VideoCodec): boolean {
  const start = piece.start + startCodeBytes(piece);
  const byte = (at: number) => (at < piece.end ? piece.bytes[at]! : 0);
  const nal: Nal = { start, end: piece.end, head: (byte(start) << 16) | (byte(start + 1) << 8) | byte(start + 2) };
  return isSlice(codec, nalType(codec, nal)) && !opensPicture(codec, nal);
}
