/** What DRM modules ask a licence server, written as theirs are, without the signatures that only the server reads. */
import { fullBox, u32 } from '../../../lib/media/build.ts';
import { DRM_SYSTEMS, type DrmProtection } from '../../../lib/contract/drm.ts';

/** One field of Protocol Buffers. */
export function field(number: number, value: number | Buffer): Buffer {
  const varint = (left: number): number[] =>
    left < 128 ? [left] : [128 + (left % 128), ...varint(Math.floor(left / 128))];
  return typeof value === 'number'
    ? Buffer.from([...varint(number * 8), ...varint(value)])
    : Buffer.concat([Buffer.from([...varint(number * 8 + 2), ...varint(value.length)]), value]);
}

const hex = (text: string) => Buffer.from(text, 'hex');
const WIDEVINE = hex(DRM_SYSTEMS.widevine.id.replaceAll('-', ''));

/** Every byte there is, which no text in UTF-8 could be: who asks. */
const CLIENT = Buffer.from(Array.from({ length: 1024 }, (_, index) => (index * 7) % 256));

/** Of a challenge's last field. */
export const SIGNATURE_BYTES = field(3, CLIENT).length;

/** WidevinePsshData: `AESCTR`, key ids, content id, `cbcs`. */
export const psshData = (kids: readonly string[], contentId?: string): Buffer =>
  Buffer.concat([
    field(1, 1),
    ...kids.map((kid) => field(2, hex(kid))),
    ...(contentId === undefined ? [] : [field(4, Buffer.from(contentId))]),
    field(9, 0x63_62_63_73),
  ]);

export const pssh = (data: Buffer, system = WIDEVINE): Buffer => fullBox('pssh', 0, 0, system, u32(data.length), data);
/** With key ids of its own, as version 1 has them. */
export const psshOf = (kids: readonly string[], data: Buffer, system = WIDEVINE): Buffer =>
  fullBox('pssh', 1, 0, system, u32(kids.length), ...kids.map(hex), u32(data.length), data);

/** SignedMessage around a LicenseRequest about this content (ContentIdentification). */
export const widevineAbout = (content: Buffer, type = 1): Buffer =>
  Buffer.concat([
    field(1, type),
    field(2, Buffer.concat([field(1, CLIENT), field(2, content), field(3, 1), field(4, 1_795_000_000), field(6, 21)])),
    field(3, CLIENT),
  ]);
/** As Chromium's: the data of each `pssh`, STREAMING, and a request id. */
export const widevine = (...data: readonly Buffer[]): Buffer =>
  widevineAbout(
    field(1, Buffer.concat([...data.map((one) => field(1, one)), field(2, 1), field(3, CLIENT.subarray(0, 16))])),
  );

/** Base64 of a key id as PlayReady writes it: a GUID whose first three numbers are little-endian. */
export function guid(kid: string): string {
  const [, a, b, c, rest] = /^(.{8})(.{4})(.{4})(.{16})$/.exec(kid)!;
  const turned = [a!, b!, c!].map((number) => Buffer.from(hex(number).toReversed()).toString('hex')).join('');
  return hex(`${turned}${rest}`).toString('base64');
}

const NAMESPACE = 'http://schemas.microsoft.com/DRM/2007/03/PlayReadyHeader';
/** WRMHEADER of version 4.0, and of 4.3. */
export const header40 = (kid: string): string =>
  `<WRMHEADER xmlns="${NAMESPACE}" version="4.0.0.0"><DATA><PROTECTINFO><KEYLEN>16</KEYLEN><ALGID>AESCTR</ALGID></PROTECTINFO><KID>${guid(kid)}</KID><LA_URL>https://keys.example/</LA_URL></DATA></WRMHEADER>`;
export const header43 = (...kids: readonly string[]): string =>
  `<WRMHEADER xmlns="${NAMESPACE}" version="4.3.0.0"><DATA><PROTECTINFO><KIDS>${kids
    .map((kid) => `<KID ALGID="AESCBC" VALUE="${guid(kid)}"></KID>`)
    .join('')}</KIDS></PROTECTINFO></DATA></WRMHEADER>`;

/** A PlayReady object of one record. */
export function playreadyObject(header: string): Buffer {
  const text = Buffer.from(header, 'utf16le');
  const object = Buffer.alloc(10 + text.length);
  object.writeUInt32LE(object.length, 0);
  object.writeUInt16LE(1, 4);
  object.writeUInt16LE(1, 6);
  object.writeUInt16LE(text.length, 8);
  text.copy(object, 10);
  return object;
}

/** AcquireLicense of MS-PRSOAP about these headers. */
export const playready = (...headers: readonly string[]): Buffer =>
  Buffer.from(
    `<?xml version="1.0" encoding="utf-8"?><soap:Envelope xmlns:soap="http://schemas.xmlsoap.org/soap/envelope/"><soap:Body><AcquireLicense xmlns="http://schemas.microsoft.com/DRM/2007/03/protocols"><challenge><Challenge xmlns="http://schemas.microsoft.com/DRM/2007/03/protocols/messages"><LA xmlns="http://schemas.microsoft.com/DRM/2007/03/protocols" Id="SignedData" xml:space="preserve"><Version>1</Version><ContentHeader>${headers.join('')}</ContentHeader><CustomData>é</CustomData><LicenseNonce>U9WysleTindM/gVQyExDdw==</LicenseNonce></LA></Challenge></challenge></AcquireLicense></soap:Body></soap:Envelope>`,
  );

/** What a provider said of a rendition: its key's id, and in its `pssh` and header those of `more` of the same video. */
export const protection = (kid: string, contentId: string, ...more: readonly string[]): DrmProtection => ({
  kid,
  keys: [
    {
      system: 'widevine',
      uri: `data:text/plain;base64,${pssh(psshData([kid, ...more], contentId)).toString('base64')}`,
    },
    {
      system: 'playready',
      uri: `data:text/plain;charset=UTF-16;base64,${playreadyObject(header43(kid, ...more)).toString('base64')}`,
    },
    { system: 'fairplay', uri: `skd://keys.example/${kid}` },
  ],
});
