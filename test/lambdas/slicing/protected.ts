/** What MediaConvert would have written of a job that is to be protected: that of one in clear, encrypted, with a provider's keys said. */
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { createCipheriv, randomBytes } from 'node:crypto';
import { CbcsTrack } from '../../../lib/media/cbcs.ts';
import { fullBox, u32 } from '../../../lib/media/build.ts';
import { DRM_SYSTEMS, type DrmName } from '../../../lib/contract/drm.ts';

/** What a key server says of a key to players of this system. */
export function keyUri(system: DrmName, kid: string): string {
  if (system === 'fairplay') return `skd://keys.example/${kid}?team=1`;
  const data = Buffer.from(`${system} data of ${kid}`);
  if (system === 'playready') return `data:text/plain;charset=UTF-16;base64,${data.toString('base64')}`;
  const id = Buffer.from(DRM_SYSTEMS.widevine.id.replaceAll('-', ''), 'hex');
  return `data:text/plain;base64,${fullBox('pssh', 0, 0, id, u32(data.length), data).toString('base64')}`;
}

/** Seals the renditions below `prefix` in place, each by a key of its own; answers their ids, hex, by `kind/name`. */
export async function protect(s3: S3Client, Bucket: string, prefix: string): Promise<Map<string, string>> {
  const { Contents = [] } = await s3.send(new ListObjectsV2Command({ Bucket, Prefix: prefix }));
  const folders = Map.groupBy(
    // Pictures beside them are in clear.
    Contents.map(({ Key }) => Key!).filter((key) => !key.endsWith('.jpg')),
    (key) => key.slice(prefix.length, key.lastIndexOf('/')),
  );
  const read = async (Key: string) =>
    Buffer.from(await (await s3.send(new GetObjectCommand({ Bucket, Key }))).Body!.transformToByteArray());
  const put = (Key: string, Body: Buffer | string) => s3.send(new PutObjectCommand({ Bucket, Key, Body }));
  const kids = new Map<string, string>();
  for (const [path, keys] of folders) {
    const [key, kid, iv] = [randomBytes(16), randomBytes(16), randomBytes(16)];
    const encrypt = (blocks: Buffer) => {
      const cipher = createCipheriv('aes-128-cbc', key, iv).setAutoPadding(false);
      return Buffer.concat([cipher.update(blocks), cipher.final()]);
    };
    kids.set(path, kid.toString('hex'));
    const files = new Map(await Promise.all(keys.map(async (name) => [name, await read(name)] as const)));
    const isInit = ([, bytes]: readonly [string, Buffer]) =>
      bytes.includes('moov', 0, 'latin1') && !bytes.includes('moof');
    const [, init] = [...files].find(isInit)!;
    const track = new CbcsTrack(init, { kid, iv, encrypt });
    for (const [name, bytes] of files) {
      if (name.endsWith('.m3u8')) await put(name, withKeys(bytes.toString('utf8'), kid.toString('hex')));
      else await put(name, isInit([name, bytes]) ? track.init : track.seal(bytes));
    }
  }
  return kids;
}

/** As MediaConvert says them, after the initialization section; and one of a system that nobody asked for. */
const withKeys = (playlist: string, kid: string): string =>
  playlist.replace(/(#EXT-X-MAP:[^\n]*\n)/, (map) =>
    [
      map.trimEnd(),
      `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="${keyUri('widevine', kid)}",KEYID=0x${kid},KEYFORMATVERSIONS="1",KEYFORMAT="urn:uuid:EDEF8BA9-79D6-4ACE-A3C8-27DCD51D21ED"`,
      `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="${keyUri('playready', kid)}",KEYFORMAT="com.microsoft.playready",KEYFORMATVERSIONS="1"`,
      `#EXT-X-KEY:METHOD=SAMPLE-AES,URI="${keyUri('fairplay', kid)}",KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"`,
      '#EXT-X-KEY:METHOD=SAMPLE-AES,URI="x://y",KEYFORMAT="org.example.other",KEYFORMATVERSIONS="1"',
      '',
    ].join('\n'),
  );
