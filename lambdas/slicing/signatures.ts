/**
 * Containers by how they begin. A guess that a file is a raw stream, which finds start codes anywhere, never wins over one of
 * these: what it would read is neither the sound nor the times.
 */

const hex = (text: string): Buffer => Buffer.from(text.replaceAll(' ', ''), 'hex');

interface Signature {
  readonly name: string;
  readonly at: number;
  readonly bytes: Buffer;
}

const signature = (name: string, bytes: Buffer, at = 0): Signature => ({ name, at, bytes });

const SIGNATURES: readonly Signature[] = [
  // SMPTE ST 377-1: the key of a partition pack. GXF: ST 360. The others by what their first readers look for.
  signature('an MXF', hex('06 0e 2b 34 02 05 01 01 0d 01 02')),
  signature('a GXF', hex('00 00 00 00 01 bc')),
  signature('an MP4 or QuickTime', Buffer.from('ftyp'), 4),
  signature('a Matroska or WebM', hex('1a 45 df a3')),
  signature('an AVI or WAV', Buffer.from('RIFF')),
  signature('a Flash', Buffer.from('FLV\u0001')),
  signature('an ASF or WMV', hex('30 26 b2 75 8e 66 cf 11')),
  signature('a recording of Windows TV', hex('b7 d8 00 20 37 49 da 11')),
  signature('an Ogg', Buffer.from('OggS')),
  signature('a RealMedia', Buffer.from('.RMF')),
  signature('an IVF', Buffer.from('DKIF')),
  signature('a YUV4MPEG', Buffer.from('YUV4MPEG2')),
  signature('a NUT', Buffer.from('nut/multimedia container')),
  signature('a REDCODE', Buffer.from('RED'), 4),
  signature('a FLAC', Buffer.from('fLaC')),
  signature('an AIFF', Buffer.from('FORM')),
  signature('a ZIP', hex('50 4b 03 04')),
  signature('a RAR', Buffer.from('Rar!')),
  signature('a gzip', hex('1f 8b 08')),
  signature('a 7z', hex('37 7a bc af 27 1c')),
  signature('a PDF', Buffer.from('%PDF')),
  signature('a PNG', hex('89 50 4e 47')),
  signature('a JPEG', hex('ff d8 ff')),
  signature('a GIF', Buffer.from('GIF8')),
];

/** What a file that begins so is, as `an MXF`; undefined when it is none of these. */
export const signatureOf = (head: Buffer): string | undefined =>
  SIGNATURES.find(({ at, bytes }) => head.subarray(at, at + bytes.length).equals(bytes))?.name;

/** Those of sound alone. */
export const isSound = (signature: string): boolean => /FLAC|AIFF/.test(signature);

/** Formats of ffprobe that have no container: it knows them by guessing. */
export const isRaw = (format: string): boolean => /^(h264|hevc|mpegvideo|m4v|aac|mp3|mpeg)$/.test(format);
