/**
 * Which keys a Widevine challenge asks for (license_protocol.proto: SignedMessage, LicenseRequest, WidevinePsshData). A module in
 * privacy mode encrypts who it is, never for what it asks. Pure.
 */
import { DRM_SYSTEMS, type DrmProtection } from '../../lib/contract/drm.ts';
import { boxes } from '../../lib/media/boxes.ts';
import { fieldsOf, type Field } from './protobuf.ts';

/** SignedMessage of type SERVICE_CERTIFICATE_REQUEST: a module asks for the provider's public key, and for no licence. */
const CERTIFICATE_REQUEST = Buffer.from('0804', 'hex');
/** SignedMessage: `type`, of which LICENSE_REQUEST asks for keys, and `msg`. */
const SIGNED = { type: 1, msg: 2 } as const;
const LICENSE_REQUEST = 1;
/** LicenseRequest. */
const CONTENT_ID = 2;
/** ContentIdentification, one of: WidevinePsshData and WebmKeyId, InitData. `existing_license` (3) names no key. */
const CONTENT = { pssh: 1, webm: 2, initData: 4 } as const;
/** Fields of those three with the bytes that matter. */
const NAMING: Readonly<Record<number, number>> = { [CONTENT.pssh]: 1, [CONTENT.webm]: 1, [CONTENT.initData]: 2 };
/** Of what a `pssh` says: `key_ids`; and `algorithm` and `protection_scheme`, which say nothing of whose content it is. */
const KEY_IDS = 2;
const NEUTRAL: readonly number[] = [1, 9];

const SYSTEM_ID = Buffer.from(DRM_SYSTEMS.widevine.id.replaceAll('-', ''), 'hex');
const KEY_ID_BYTES = 16;

/**
 * True where a challenge asks for keys of this video alone: by their ids, or by what the provider's own `pssh` of it says, since a
 * licence server may go by the content id in there. @throws RangeError, BoxError where it names none.
 */
export function asksWidevineFor(challenge: Buffer, protection: readonly DrmProtection[]): boolean {
  if (challenge.equals(CERTIFICATE_REQUEST)) return true;
  const signed = fieldsOf(challenge);
  if (only(signed, SIGNED.type) !== LICENSE_REQUEST) throw new RangeError('no licence request');
  const named = bytesOf(fieldsOf(asBytes(only(signed, SIGNED.msg))), CONTENT_ID)
    .flatMap(fieldsOf)
    .flatMap(({ number, value }) => {
      const field = NAMING[number];
      if (field === undefined) throw new RangeError(`content by variant ${number} names no key`);
      return bytesOf(fieldsOf(asBytes(value)), field).map((bytes) => ({ number, bytes }));
    });
  if (named.length === 0) throw new RangeError('it names no content');
  const ours = saidOf(protection);
  const isKey = (bytes: Buffer) => ours.has(saying({ number: KEY_IDS, value: bytes }));
  const isPssh = (data: Buffer) => {
    const said = fieldsOf(data).filter(({ number }) => !NEUTRAL.includes(number));
    return said.length > 0 && said.every((field) => ours.has(saying(field)));
  };
  return named.every(({ number, bytes }) => {
    if (number === CONTENT.pssh) return isPssh(bytes);
    if (number === CONTENT.webm || bytes.length === KEY_ID_BYTES) return isKey(bytes);
    const all = psshsIn(bytes);
    const says = all.some(({ kids, data }) => kids.length > 0 || data !== undefined);
    return says && all.every(({ kids, data }) => kids.every(isKey) && (data === undefined || isPssh(data)));
  });
}

/** What a challenge for the video may say: the ids of its keys, and all that the provider's own `pssh` boxes say. */
function saidOf(protection: readonly DrmProtection[]): ReadonlySet<string> {
  const ids = protection.map(({ kid }) => saying({ number: KEY_IDS, value: Buffer.from(kid, 'hex') }));
  const uris = protection.flatMap(({ keys }) => keys).filter(({ system }) => system === 'widevine');
  const said = uris.flatMap(({ uri }) => {
    try {
      const own = psshsIn(Buffer.from(uri.slice(uri.indexOf(',') + 1), 'base64'));
      return own.flatMap(({ data }) => (data === undefined ? [] : fieldsOf(data).map(saying)));
    } catch {
      // What cannot be read allows nothing more.
      return [];
    }
  });
  return new Set([...ids, ...said]);
}

const saying = ({ number, value }: Field): string =>
  `${number}:${typeof value === 'number' ? value : value.toString('hex')}`;

/** `pssh` boxes (ISO/IEC 23001-7 8.1): key ids, from version 1 on, and Widevine's data. @throws BoxError, RangeError */
function psshsIn(bytes: Buffer): { readonly kids: Buffer[]; readonly data: Buffer | undefined }[] {
  return [...boxes(bytes)].map(({ type, body }) => {
    if (type !== 'pssh') throw new RangeError('a box that is no pssh');
    const count = body.readUInt8(0) === 0 ? 0 : body.readUInt32BE(20);
    const from = body.readUInt8(0) === 0 ? 20 : 24;
    const at = from + count * KEY_ID_BYTES;
    const length = body.readUInt32BE(at);
    if (length !== body.length - at - 4) throw new RangeError('a pssh whose data do not fit');
    const kids = Array.from({ length: count }, (_, index) =>
      body.subarray(from + index * KEY_ID_BYTES, from + (index + 1) * KEY_ID_BYTES),
    );
    return { kids, data: body.subarray(4, 20).equals(SYSTEM_ID) ? body.subarray(at + 4) : undefined };
  });
}

function asBytes(value: Field['value'] | undefined): Buffer {
  if (value === undefined || typeof value === 'number') throw new RangeError('a field that has no bytes');
  return value;
}

const bytesOf = (fields: readonly Field[], wanted: number): Buffer[] =>
  fields.filter(({ number }) => number === wanted).map(({ value }) => asBytes(value));

/** Once and no more: of a field that is said twice, readers take one or the other. */
function only(fields: readonly Field[], wanted: number): Field['value'] | undefined {
  const found = fields.filter(({ number }) => number === wanted);
  if (found.length > 1) throw new RangeError(`field ${wanted} is there ${found.length} times`);
  return found[0]?.value;
}
