/** A picture from this device, as the API takes it. */

/** The API's bound. */
const MAX_BYTES = 3 * 1024 ** 2;

/** Throws what to do, for a file that the API would refuse. */
export function checkPicture({ size, type }: Pick<File, 'size' | 'type'>): void {
  if (!['image/jpeg', 'image/png'].includes(type)) throw new Error('The picture must be a JPEG or PNG.');
  if (size > MAX_BYTES) throw new Error('The picture is over 3 MiB; export it smaller.');
}

/** In pieces: a call takes only so many arguments. */
export async function base64(file: Blob): Promise<string> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  let text = '';
  for (let at = 0; at < bytes.length; at += 32_768) text += String.fromCharCode(...bytes.subarray(at, at + 32_768));
  return btoa(text);
}
