/** Which renditions an MP4 of a rung is made of. Pure. */
import type { RenditionKind } from '../../lib/contract/keys.ts';
import type { VideoRecord } from '../../lib/contract/video.ts';

/** The rung, and the first sound; undefined when the video has no such rung. */
export function renditionsOf(
  { renditions }: Pick<VideoRecord, 'renditions'>,
  name: string,
): { readonly kind: RenditionKind; readonly name: string }[] | undefined {
  const rung = renditions.find((one) => one.kind === 'video' && one.name === name);
  if (rung === undefined) return undefined;
  const sound = renditions.find((one) => one.kind === 'audio');
  return [rung, ...(sound ? [sound] : [])].map((one) => ({ kind: one.kind, name: one.name }));
}
