/**
 * The Lambda layer with Sluice's own ffmpeg and ffprobe at /opt/bin. The first synth on a machine builds it (3 to 5
 * minutes); later ones take it from the cache. docs/ffmpeg-layer.md tells how and what is inside.
 */
import { AssetHashType } from 'aws-cdk-lib';
import { Architecture, Code, LayerVersion } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { ensureLayerSync, givenLayer, recipeHash, type LayerArch } from './ffmpeg-layer-cache.ts';

export { ensureLayer, layerFolder, recipeHash, type LayerArch } from './ffmpeg-layer-cache.ts';

export interface FfmpegLayerProps {
  readonly architecture: LayerArch;
  /**
   * An existing folder to use as it is instead of building; also settable as `SLUICE_FFMPEG_LAYER`. Template tests name
   * any folder here.
   */
  readonly folder?: string;
}

export class FfmpegLayer extends LayerVersion {
  constructor(scope: Construct, id: string, { architecture, folder = givenLayer() }: FfmpegLayerProps) {
    // The recipe stands for its result, so that the same recipe never uploads twice. A folder given by hand may hold
    // anything and is hashed by its content.
    const code = folder
      ? Code.fromAsset(folder)
      : Code.fromAsset(ensureLayerSync(architecture), {
          assetHash: recipeHash(architecture),
          assetHashType: AssetHashType.CUSTOM,
        });
    super(scope, id, {
      code,
      compatibleArchitectures: [architecture === 'arm64' ? Architecture.ARM_64 : Architecture.X86_64],
      license: 'GPL-2.0-or-later',
      description: `ffmpeg and ffprobe, static, file and pipe protocols only (${architecture})`,
    });
  }
}
