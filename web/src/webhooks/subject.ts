/** What a message is about. Pure. */

/** The video's or device's id, of a body as it is sent; undefined: it is about neither, as a test is. */
export function subjectOf(payload: string): string | undefined {
  const { data } = JSON.parse(payload) as { readonly data: { readonly videoId?: string; readonly device?: string } };
  return data.videoId ?? data.device;
}
