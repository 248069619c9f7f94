/**
 * MediaConvert's part of slicing without its machine: which engine is chosen, what is asked of it, held against the API's own
 * model by the stand-in over HTTP from the real SDK client, and what is read of what it made.
 */
import { CancelJobCommand, CreateJobCommand, GetJobCommand, MediaConvertClient } from '@aws-sdk/client-mediaconvert';
import { GetObjectCommand, ListObjectsV2Command, PutObjectCommand } from '@aws-sdk/client-s3';
import { PutCommand } from '@aws-sdk/lib-dynamodb';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { checkTime, chooseEngine } from '../../../lambdas/slicing/engine.ts';
import { longestTask } from '../../../lambdas/slicing/estimate.ts';
import { personalMpd } from '../../../lambdas/playback/dash.ts';
import { multivariant } from '../../../lambdas/playback/manifest.ts';
import { TICKET } from '../playback/fixture.ts';
import { keyUri, protect } from './protected.ts';
import { readPlaylist } from '../../../lambdas/slicing/mediaconvert/made.ts';
import { jobOf } from '../../../lambdas/slicing/mediaconvert/settings.ts';
import { planSlicing } from '../../../lambdas/slicing/plan.ts';
import { NOTHING } from '../../../lambdas/slicing/prices.ts';
import { programPath } from '../../../lambdas/slicing/program.ts';
import { costOptions, type CostOptions } from '../../../lib/contract/cost.ts';
import type { DrmJob } from '../../../lib/contract/drm.ts';
import { chunkResultKey, sourceKey, textPath } from '../../../lib/contract/keys.ts';
import type { Plan } from '../../../lib/contract/plan.ts';
import { chunkResult } from '../../../lib/contract/slicing.ts';
import { noPicture, type SourceInfo } from '../../../lib/contract/source.ts';
import { enginePython } from '../../../local/engine.ts';
import { faults, readModel, type Model } from '../../../local/mediaconvert/model.ts';
import { startMediaConvert, type MediaConvert } from '../../../local/mediaconvert/server.ts';
import { newVideoId } from '../../../lambdas/upload/draft.ts';
import { aRecord } from '../catalog/record.ts';
import { startHandlerEngine } from '../engine.ts';
import { ODD_FILES } from '../../odd-files/list.ts';
import { ffmpeg, H264, picture, tone, workFolder } from './media.ts';
import { PLACE, wire } from './mediaconvert-job.ts';
import { OPTIONS, VIDEO_ID } from './options.ts';

const info = (changes: Partial<SourceInfo['video']> = {}, duration = 4): SourceInfo => ({
  container: 'mov,mp4',
  bytes: 100_000,
  duration,
  video: {
    index: 0,
    codec: 'h264',
    duration,
    width: 320,
    height: 180,
    rotation: 0,
    frameRate: 30,
    bitDepth: 8,
    interlaced: false,
    rgb: false,
    ...changes,
  },
  audio: [{ index: 1, codec: 'aac', channels: 2, sampleRate: 48_000, default: true }],
});

function planOf(source: SourceInfo, videoId = VIDEO_ID, bucket = 'sources', options = {}): Plan {
  const of = { videoId, revision: 1, execution: 'run', source: { bucket, key: sourceKey(videoId), info: source } };
  return { ...planSlicing(of, { ...OPTIONS, ...options }).plan, engine: 'mediaconvert' };
}

describe('the engine', () => {
  const costs = (changes: Partial<CostOptions>): CostOptions =>
    costOptions.parse({
      preset: 'veryfast',
      memoryMiB: 10_240,
      chunkMemoryMiB: 3008,
      maxDollarsPerVideo: 25,
      ...changes,
    });
  const choose = (changes: Partial<CostOptions>, own: Partial<Plan>, { source = info(), fits = true } = {}) => {
    const whole = planOf(source, VIDEO_ID, 'sources', { ladder: [1080, 720, 360] });
    const { duration } = source;
    const whole1 = [{ index: 0, start: 0, duration: null, firstSegment: 1 }];
    const count = own.timescale == null ? 1 : (own.chunkCount ?? 1);
    const parts = Array.from({ length: count }, (_, index) => ({
      index,
      start: (index * duration) / count,
      duration: duration / count,
      firstSegment: index + 1,
    }));
    const choice = {
      own: { ...whole, engine: 'encode' as const, ...own, chunks: count === 1 ? whole1 : parts },
      theirs: { ...whole, chunks: whole1 },
      fits,
    };
    return chooseEngine(choice, costs(changes), 'x86_64');
  };
  const inChunks = { timescale: 30_000, chunkCount: 1000 };
  const farApart = { timescale: 30_000, chunkCount: 4 };
  const hours = info({ width: 1920, height: 1080 }, 3 * 3600);
  const alone = { ...info(), video: noPicture(1) };
  const tiny = info({ width: 40, height: 20 });
  it.each([
    ['is ours unless it is asked for', 'encode', {}, {}, { source: hours, fits: false }],
    ['is MediaConvert where it is told', 'mediaconvert', { engine: 'mediaconvert' }, inChunks, {}],
    [
      'is ours for pictures smaller than MediaConvert makes',
      'encode',
      { engine: 'mediaconvert' },
      {},
      { source: tiny },
    ],
    ['is ours for sound alone', 'encode', { engine: 'mediaconvert' }, {}, { source: alone }],
    ['is ours for MPEG-TS', 'encode', { engine: 'mediaconvert' }, { segmentType: 'mpegts' }, {}],
    [
      'is ours for what is encrypted',
      'encode',
      { engine: 'mediaconvert' },
      { ...inChunks, encryption: { scheme: 'aes-128', keySegments: 50 } },
      {},
    ],
    [
      'is MediaConvert for what a DRM provider protects',
      'mediaconvert',
      { engine: 'auto' },
      { ...inChunks, encryption: { scheme: 'drm' } },
      {},
    ],
    ['chosen by itself is ours for what has an index', 'encode', { engine: 'auto' }, inChunks, { source: hours }],
    ['… and for what one function takes', 'encode', { engine: 'auto' }, { timescale: null }, {}],
    [
      '… MediaConvert for what does not fit one',
      'mediaconvert',
      { engine: 'auto' },
      { timescale: null },
      { fits: false },
    ],
    ['… or takes too long there', 'mediaconvert', { engine: 'auto' }, { timescale: null }, { source: hours }],
    ['… or is cut in pieces that do', 'mediaconvert', { engine: 'auto' }, farApart, { source: hours }],
    [
      '… ours where MediaConvert is no cheaper',
      'encode',
      { engine: 'auto', maxDollarsPerVideo: 0.01 },
      inChunks,
      { source: hours },
    ],
  ] as const)('%s', (_, engine, changes, own, more) => {
    expect(choose(changes, own, more)).toBe(engine);
  });

  it('refuses what is to be protected and cannot be, rather than to make it in clear', () => {
    const drm = { encryption: { scheme: 'drm' } } as const;
    for (const [changes, source] of [
      [{ engine: 'auto' }, alone],
      [{ engine: 'mediaconvert' }, tiny],
      [{ engine: 'encode' }, info()],
    ] as const)
      expect(() => choose(changes, drm, { source })).toThrow(/^cannot-protect: /);
  });

  it('chosen by itself is ours where a viewer would miss something, and the time is enough by its estimate', () => {
    const texts = [{ index: 2, codec: 'mov_text' as const }];
    const long = info({ width: 1920, height: 1080 }, 600);
    const whole = {
      ...planOf(long),
      engine: 'encode' as const,
      chunks: [{ index: 0, start: 0, duration: null, firstSegment: 1 }],
    };
    const { seconds } = longestTask(whole, costs({}));
    const chosen = (source: SourceInfo, share: number) => {
      const changes = { engine: 'auto' as const, timeoutSeconds: Math.round(seconds / share) };
      const own = { ...whole, source: { ...whole.source, info: source } };
      return chooseEngine({ own, theirs: { ...own, engine: 'mediaconvert' }, fits: true }, costs(changes), 'x86_64');
    };
    expect(chosen(long, 0.85)).toBe('mediaconvert');
    expect(chosen({ ...long, texts }, 0.85)).toBe('encode');
    expect(chosen({ ...long, video: { ...long.video, fields: 'unsaid' } }, 0.85)).toBe('encode');
    expect(chosen({ ...long, texts }, 1.2)).toBe('mediaconvert');
  });

  it('refuses what is cut in pieces that no function is done with, and says how to export it', () => {
    const source = info({ width: 1920, height: 1080 }, 3000);
    const whole = planOf(source, VIDEO_ID, 'sources', { ladder: [1080, 720, 360] });
    const cut = (pieces: number) => ({
      ...whole,
      engine: 'encode' as const,
      timescale: 30_000,
      chunks: Array.from({ length: pieces }, (_, index) => ({
        index,
        start: (index * 3000) / pieces,
        duration: 3000 / pieces,
        firstSegment: index + 1,
      })),
    });
    expect(() => checkTime(cut(1), costs({}))).toThrow(
      /keyframes alone.*50 minutes of it.*15 minutes \(slicing\.timeoutSeconds\).*keyframe every 10 seconds/,
    );
    expect(() => checkTime(cut(200), costs({}))).not.toThrow();
  });

  it('is MediaConvert where that is cheaper and ours over the ceiling', () => {
    const slow = { engine: 'auto', preset: 'medium', chunkMemoryMiB: 10_240, maxDollarsPerVideo: 0.01 } as const;
    const many = { timescale: 30_000, chunkCount: 2000 };
    const source = info({}, 60);
    expect(choose(slow, many, { source })).toBe('mediaconvert');
    expect(choose({ ...slow, maxDollarsPerVideo: 25 }, many, { source })).toBe('encode');
  });
});

describe('a job', () => {
  let model: Model;
  beforeAll(async () => {
    model = await readModel(await enginePython(() => {}));
  }, 300_000);

  const faultsOf = (job: unknown) => faults(model, 'CreateJobRequest', wire(job));

  const sources: [what: string, source: SourceInfo, options?: object][] = [
    ['of an ordinary film', info()],
    [
      'of 2160p at 60 frames/s',
      info({ width: 3840, height: 2160, frameRate: 60 }),
      { ladder: [2160, 1080, 720, 540, 360, 234] },
    ],
    ['of 120 frames/s, interlaced, portrait', info({ frameRate: 120, interlaced: true, width: 180, height: 320 })],
    ['without sound', { ...info(), audio: [] }],
    ['of an HDR picture that may have fields, turned', info({ hdr: 'pq', fields: 'told', rotation: 270 })],
  ];
  it.each(sources)('%s is one that the API takes', (_, source, options) => {
    expect(faultsOf(jobOf(planOf(source, VIDEO_ID, 'sources', options), PLACE))).toEqual([]);
  });

  it('has the ladder of the plan: CMAF, QVBR under its peaks, keyframes of all rungs at the same times', () => {
    const plan = planOf(info());
    const { Settings, UserMetadata, ClientRequestToken } = jobOf(plan, PLACE);
    expect(UserMetadata).toEqual({ deployment: 'sluice-local-vod', videoId: VIDEO_ID, execution: 'run' });
    expect(ClientRequestToken!.length).toBeLessThanOrEqual(64);
    expect(Settings!.OutputGroups!.map((group) => group.OutputGroupSettings!.CmafGroupSettings!.Destination)).toEqual([
      `s3://media/vod/${VIDEO_ID}/r1/video/180p/`,
      `s3://media/vod/${VIDEO_ID}/r1/video/90p/`,
      `s3://media/vod/${VIDEO_ID}/r1/audio/main/`,
    ]);
    for (const [index, rung] of plan.video.entries()) {
      const { Width, Height, CodecSettings } = Settings!.OutputGroups![index]!.Outputs![0]!.VideoDescription!;
      expect([Width, Height]).toEqual([rung.width, rung.height]);
      expect(CodecSettings!.H264Settings).toMatchObject({
        RateControlMode: 'QVBR',
        MaxBitrate: rung.maxBitrate,
        GopSize: 2,
        GopSizeUnits: 'SECONDS',
        GopClosedCadence: 1,
        SceneChangeDetect: 'DISABLED',
      });
    }
    // The model's stream numbers begin at 1.
    expect(Settings!.Inputs![0]!.AudioSelectors!['Audio Selector 1']).toMatchObject({ Streams: [2] });
  });

  it('is asked by SPEKE v2 for what is to be protected, each rendition alike, and never in clear instead', () => {
    const drm = { keyServer: 'https://keys.example/speke', keys: 'kinds', systems: ['widevine', 'fairplay'] } as const;
    const plan: Plan = { ...planOf(info()), encryption: { scheme: 'drm' } };
    const job = jobOf(plan, { ...PLACE, drm: { ...drm, systems: [...drm.systems] } });
    expect(faultsOf(job)).toEqual([]);
    const groups = job.Settings!.OutputGroups!;
    // The last is of pictures in clear, for a poster.
    expect(groups).toHaveLength(4);
    expect(groups.at(-1)).toMatchObject({
      OutputGroupSettings: { FileGroupSettings: { Destination: `s3://media/vod/${VIDEO_ID}/r1/still` } },
      Outputs: [{ VideoDescription: { Width: 320, Height: 180, CodecSettings: { Codec: 'FRAME_CAPTURE' } } }],
    });
    const asked = groups.slice(0, 3).map((group) => group.OutputGroupSettings!.CmafGroupSettings!.Encryption);
    for (const one of asked)
      expect(one).toEqual({
        Type: 'SPEKE',
        EncryptionMethod: 'SAMPLE_AES',
        InitializationVectorInManifest: 'EXCLUDE',
        SpekeKeyProvider: {
          Url: 'https://keys.example/speke',
          ResourceId: `${VIDEO_ID}-r1`,
          EncryptionContractConfiguration: { SpekeVideoPreset: 'PRESET_VIDEO_1', SpekeAudioPreset: 'PRESET_AUDIO_1' },
          HlsSignaledSystemIds: ['edef8ba9-79d6-4ace-a3c8-27dcd51d21ed', '94ce86fb-07ff-4f43-adb8-93d2fa968ca2'],
          DashSignaledSystemIds: ['edef8ba9-79d6-4ace-a3c8-27dcd51d21ed'],
        },
      });
    const presets = (['one', 'heights'] as const).map((keys) => {
      const place = { ...PLACE, drm: { ...drm, keys, systems: ['playready' as const] } };
      const [group] = jobOf(plan, place).Settings!.OutputGroups!;
      return group!.OutputGroupSettings!.CmafGroupSettings!.Encryption!.SpekeKeyProvider!
        .EncryptionContractConfiguration;
    });
    expect(presets).toEqual([
      { SpekeVideoPreset: 'SHARED', SpekeAudioPreset: 'SHARED' },
      { SpekeVideoPreset: 'PRESET_VIDEO_3', SpekeAudioPreset: 'PRESET_AUDIO_1' },
    ]);
    expect(() => jobOf(plan, PLACE)).toThrow(/cannot encrypt by drm/);
    expect(() => jobOf({ ...plan, encryption: { scheme: 'cbcs' } }, PLACE)).toThrow(/cannot encrypt by cbcs/);
  });

  it('turns what is to be turned, whatever the container', () => {
    const turned = (changes: Partial<SourceInfo['video']>) =>
      jobOf(planOf(info(changes)), PLACE).Settings!.Inputs![0]!.VideoSelector!.Rotate;
    expect([0, 90, 180, 270].map((rotation) => turned({ rotation } as Partial<SourceInfo['video']>))).toEqual([
      'DEGREE_0',
      'DEGREES_90',
      'DEGREES_180',
      'DEGREES_270',
    ]);
  });

  it.each([
    ['that has none', { fields: 'none' }, undefined],
    ['that says of each whether it is two', { fields: 'told' }, { Deinterlacer: { Control: 'NORMAL' } }],
    ['that says nothing', { fields: 'unsaid' }, { Deinterlacer: { Control: 'NORMAL' } }],
    ['that is interlaced, in plans of before', { interlaced: true }, { Deinterlacer: { Control: 'NORMAL' } }],
    ['of RGB', { fields: 'told', rgb: true }, undefined],
    ['in HDR', { hdr: 'hlg' }, { ColorCorrector: { ColorSpaceConversion: 'FORCE_709' } }],
  ] as const)('prepares a picture %s', (_, changes, wanted) => {
    const { Outputs } = jobOf(planOf(info(changes)), PLACE).Settings!.OutputGroups![0]!;
    const { VideoPreprocessors } = Outputs![0]!.VideoDescription!;
    if (wanted === undefined) expect(VideoPreprocessors).toBeUndefined();
    else expect(VideoPreprocessors).toMatchObject(wanted);
  });

  it('is refused by the model for a misspelt setting, a number out of range, a word that is none, a type, what is missing', () => {
    // oxlint-disable-next-line typescript/no-explicit-any -- what is broken here has no type
    type Loose = any;
    const broken = (change: (job: Loose) => void) => {
      const job = wire(jobOf(planOf(info()), PLACE)) as Loose;
      change(job);
      return faults(model, 'CreateJobRequest', job).join('\n');
    };
    const h264 = (job: Loose) => job['settings'].outputGroups[0].outputs[0].videoDescription.codecSettings.h264Settings;
    expect(broken((job) => (h264(job).maxBitRate = 1))).toContain('maxBitRate: is no setting');
    expect(broken((job) => (h264(job).qvbrSettings.qvbrQualityLevel = 11))).toContain('is not within 1 and 10');
    expect(broken((job) => (h264(job).rateControlMode = 'CRF'))).toContain('CRF is none of');
    expect(broken((job) => (h264(job).maxBitrate = '1'))).toContain('is no whole number');
    expect(broken((job) => delete job['role'])).toContain('/role: is missing');
    expect(broken((job) => (job['settings'].inputs[0].fileInput = 'file:///etc/passwd'))).toContain('is not like');
  });
});

describe('its media playlist', () => {
  it('says which segments there are; the one above it is none', () => {
    const text = '#EXTM3U\n#EXT-X-MAP:URI="source_init.cmfv"\n#EXTINF:6.006,\nsource__000000001.cmfv\n#EXT-X-ENDLIST\n';
    expect(readPlaylist(text)).toEqual({ init: 'source_init.cmfv', segments: ['source__000000001.cmfv'] });
    expect(readPlaylist('#EXTM3U\n#EXT-X-STREAM-INF:BANDWIDTH=1\nsource_.m3u8\n')).toBeUndefined();
  });
});

describe('the stand-in, asked by the real client', () => {
  let close = async () => {};
  let files: Awaited<ReturnType<typeof workFolder>>;
  let standIn: MediaConvert;
  let client: MediaConvertClient;
  let clients: typeof import('../../../lambdas/shared/clients.ts');
  let collect: typeof import('../../../lambdas/slicing/mediaconvert/collect.ts').handler;
  let film: Buffer;
  beforeAll(async () => {
    close = await startHandlerEngine({
      SLICING_PLACES: '200',
      SLICING_TASKS: '0',
      SLICING_OPTIONS: JSON.stringify({ ...OPTIONS, ladder: [234] }),
      SLICING_COST: JSON.stringify({
        engine: 'mediaconvert',
        preset: 'veryfast',
        memoryMiB: 10_240,
        chunkMemoryMiB: 3008,
        maxDollarsPerVideo: 25,
      }),
    });
    files = await workFolder();
    const path = join(files.folder, 'film.mp4');
    await ffmpeg(...picture(5), ...tone(5), ...H264, '-c:a', 'aac', path);
    film = await readFile(path);
    standIn = await startMediaConvert({
      endpoint: process.env['AWS_ENDPOINT_URL']!,
      ffmpeg: programPath('ffmpeg'),
      model: async () => readModel(await enginePython(() => {})),
      log: () => {},
    });
    client = new MediaConvertClient({ endpoint: standIn.url });
    clients = await import('../../../lambdas/shared/clients.ts');
    ({ handler: collect } = await import('../../../lambdas/slicing/mediaconvert/collect.ts'));
  }, 600_000);
  afterAll(async () => {
    await standIn?.close();
    await close();
    await files?.remove();
  });

  /** A plan whose source is there, and its job's request. */
  async function asked(source: Buffer | null = film) {
    const id = newVideoId();
    const record = aRecord({ id, status: 'probed', slicing: { execution: 'run', revision: 1 } });
    await clients.dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: record }));
    const plan = planOf(info({}, 5), id, process.env['SOURCE_BUCKET']);
    if (source) {
      await clients.s3.send(
        new PutObjectCommand({ Bucket: process.env['SOURCE_BUCKET'], Key: sourceKey(id), Body: source }),
      );
    }
    return { plan, job: jobOf(plan, { ...PLACE, bucket: process.env['MEDIA_BUCKET']! }) };
  }
  const ended = async (id: string) => {
    const get = async () => (await client.send(new GetJobCommand({ Id: id }))).Job!;
    await vi.waitFor(async () => expect(['COMPLETE', 'ERROR', 'CANCELED']).toContain((await get()).Status), 60_000);
    return await get();
  };

  it('makes segments that are read back to the tick, on which all rungs agree', { timeout: 120_000 }, async () => {
    const { plan, job } = await asked();
    const { Job } = await client.send(new CreateJobCommand(job));
    // The same again is the same job.
    expect((await client.send(new CreateJobCommand(job))).Job!.Id).toBe(Job!.Id);
    expect(await ended(Job!.Id!)).toMatchObject({ Status: 'COMPLETE' });
    expect(await collect({ plan })).toEqual({ outcome: 'collected' });
    // A step that is tried again finds the same without MediaConvert's manifests.
    expect(await collect({ plan })).toEqual({ outcome: 'collected' });
    const Bucket = process.env['MEDIA_BUCKET'];
    const key = chunkResultKey(plan.videoId, 1, 0);
    const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket, Key: key }));
    const result = chunkResult.parse(JSON.parse(await Body!.transformToString()));
    expect(result.renditions.map(({ kind, name }) => `${kind}/${name}`)).toEqual([
      'video/180p',
      'video/90p',
      'audio/main',
    ]);
    const [top, low, sound] = result.renditions;
    expect(top!.segments.map(({ name }) => name)).toEqual(['00001.m4s', '00002.m4s', '00003.m4s']);
    const { Contents = [] } = await clients.s3.send(
      new ListObjectsV2Command({ Bucket, Prefix: `vod/${plan.videoId}/r1/video/180p/` }),
    );
    expect(Contents.map(({ Key }) => Key!.split('/').at(-1))).toEqual([
      '00001.m4s',
      '00002.m4s',
      '00003.m4s',
      'init.mp4',
    ]);
    expect(top!.segments.map(({ duration }) => duration)).toEqual([2, 2, 1]);
    expect(low!.segments.map(({ duration }) => duration)).toEqual([2, 2, 1]);
    expect(top!.codecs).toMatch(/^avc1\./);
    expect(sound!.codecs).toBe('mp4a.40.2');
    expect(sound!.segments.reduce((sum, { duration }) => sum + duration, 0)).toBeCloseTo(5, 1);
    // Two SD pictures and a sound, ten seconds at least.
    expect(result.used!.normalizedMinutes).toBeCloseTo((10 / 60) * (2 + 1 / 3), 6);
  });

  it('is published protected: by the keys that its playlists say, or not at all', { timeout: 120_000 }, async () => {
    const { plan } = await asked();
    const protectedPlan: Plan = { ...plan, encryption: { scheme: 'drm' } };
    const drm: DrmJob = { keyServer: 'https://keys.example/', keys: 'one', systems: ['widevine'] };
    const place = { ...PLACE, bucket: process.env['MEDIA_BUCKET']!, drm };
    // The stand-in knows no key server, and leaves all of it in clear.
    const { Job } = await client.send(new CreateJobCommand(jobOf(protectedPlan, place)));
    expect(await ended(Job!.Id!)).toMatchObject({ Status: 'COMPLETE' });
    // As it is, it is in clear, which a protected video must never be.
    await expect(collect({ plan: protectedPlan })).rejects.toThrow(/in clear/);

    const kids = await protect(clients.s3, process.env['MEDIA_BUCKET']!, `vod/${plan.videoId}/r1/`);
    expect(await collect({ plan: protectedPlan })).toEqual({ outcome: 'collected' });
    expect(await collect({ plan: protectedPlan })).toEqual({ outcome: 'collected' });
    const { assemble } = await import('../../../lambdas/slicing/assembling.ts');
    const { readVideo } = await import('../../../lambdas/shared/videos.ts');
    const chunks = [{ index: 0, start: 0, duration: null, firstSegment: 1 }];
    expect(await assemble({ plan: protectedPlan, chunks }, () => NOTHING)).toMatchObject({ outcome: 'ready' });

    const text = async (name: string) => {
      const place = { Bucket: process.env['MEDIA_BUCKET'], Key: `vod/${plan.videoId}/r1/${name}` };
      return await (await clients.s3.send(new GetObjectCommand(place))).Body!.transformToString();
    };
    const record = await readVideo(plan.videoId);
    expect(record?.hasPoster).toBe(true);
    const poster = await clients.s3.send(
      new GetObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key: `vod/${plan.videoId}/r1/poster.jpg` }),
    );
    expect(poster.ContentType).toBe('image/jpeg');
    expect(Buffer.from(await poster.Body!.transformToByteArray()).toString('hex', 0, 3)).toBe('ffd8ff');
    const left = { Bucket: process.env['MEDIA_BUCKET'], Prefix: `vod/${plan.videoId}/r1/still` };
    expect((await clients.s3.send(new ListObjectsV2Command(left))).Contents).toBeUndefined();
    const mpd = await text('manifest.mpd');
    for (const path of ['video/180p', 'video/90p', 'audio/main']) {
      const kid = kids.get(path)!;
      const tags = [
        `METHOD=SAMPLE-AES,URI="${keyUri('widevine', kid)}",KEYID=0x${kid},KEYFORMAT="urn:uuid:edef8ba9-79d6-4ace-a3c8-27dcd51d21ed",KEYFORMATVERSIONS="1"`,
        `METHOD=SAMPLE-AES,URI="${keyUri('playready', kid)}",KEYID=0x${kid},KEYFORMAT="com.microsoft.playready",KEYFORMATVERSIONS="1"`,
        `METHOD=SAMPLE-AES,URI="${keyUri('fairplay', kid)}",KEYID=0x${kid},KEYFORMAT="com.apple.streamingkeydelivery",KEYFORMATVERSIONS="1"`,
      ];
      const playlist = await text(`${path}.m3u8`);
      expect(playlist.split('\n').filter((line) => line.startsWith('#EXT-X-KEY'))).toEqual(
        tags.map((tag) => `#EXT-X-KEY:${tag}`),
      );
      expect(playlist.indexOf('#EXT-X-KEY')).toBeLessThan(playlist.indexOf('#EXTINF'));
      const manifest = multivariant(record!, {
        way: 'define',
        query: 'Signature=b',
        ticket: TICKET,
        licence: 'token=t',
      });
      for (const tag of tags) expect(manifest.split(`#EXT-X-SESSION-KEY:${tag}\n`)).toHaveLength(2);
      expect(manifest).toContain('#EXT-X-DEFINE:NAME="licence",VALUE="token=t"');
      const uuid = kid.replace(/^(.{8})(.{4})(.{4})(.{4})/, '$1-$2-$3-$4-');
      expect(mpd).toContain(`value="cbcs" cenc:default_KID="${uuid}"/>`);
    }
    expect(mpd.match(/<dashif:Laurl>\{\$licence-(widevine|playready)\}<\/dashif:Laurl>/g)).toHaveLength(6);
    expect(mpd).not.toMatch(/fairplay|94ce86fb/);
    // The pictures' own beginning is that of the presentation, whatever the clock says there.
    expect(mpd).toMatch(/presentationTimeOffset="0" startNumber="1"/);
    const personal = personalMpd(
      mpd,
      TICKET,
      'Signature=b',
      record!,
      (system) => `https://v.example/${system}?token=t`,
    );
    expect(personal.match(/<dashif:Laurl>https:\/\/v\.example\/widevine\?token=t</g)).toHaveLength(3);
    expect(personal).not.toContain('{$');
  });

  it('makes a video whose captions are in step with its picture', { timeout: 120_000 }, async () => {
    const { make } = ODD_FILES.find(({ name }) => name === 'said.mp4')!;
    const at = (name: string) => join(files.folder, name);
    await make(at);
    const id = newVideoId();
    const uploaded = aRecord({ id, status: 'uploading', progress: 0 });
    await clients.dynamo.send(new PutCommand({ TableName: process.env['VIDEOS_TABLE'], Item: uploaded }));
    const source = { Bucket: process.env['SOURCE_BUCKET']!, Key: sourceKey(id) };
    await clients.s3.send(new PutObjectCommand({ ...source, Body: await readFile(at('said.mp4')) }));
    const { handler: probe } = await import('../../../lambdas/slicing/probe.ts');
    const event = { detail: { bucket: { name: source.Bucket }, object: { key: source.Key } } };
    const planned = await probe({ execution: 'run', event }, { getRemainingTimeInMillis: () => 900_000 });
    if (planned.outcome !== 'planned') throw new Error(JSON.stringify(planned));
    const { plan, chunks } = planned;
    expect(plan.engine).toBe('mediaconvert');
    const { Job } = await client.send(
      new CreateJobCommand(jobOf(plan, { ...PLACE, bucket: process.env['MEDIA_BUCKET']! })),
    );
    expect(await ended(Job!.Id!)).toMatchObject({ Status: 'COMPLETE' });
    await collect({ plan });
    const { assemble } = await import('../../../lambdas/slicing/assembling.ts');
    const { readVideo } = await import('../../../lambdas/shared/videos.ts');
    expect(await assemble({ plan, chunks }, () => NOTHING)).toMatchObject({ outcome: 'ready' });
    const record = await readVideo(plan.videoId);
    expect(record).toMatchObject({ begins: 0, texts: [{ language: 'de', cues: 2 }] });
    const Key = textPath(plan.videoId, record!.texts![0]!.id, 'vtt');
    const { Body } = await clients.s3.send(new GetObjectCommand({ Bucket: process.env['MEDIA_BUCKET'], Key }));
    expect(await Body!.transformToString()).toMatch(/LOCAL:00:00:00.000,MPEGTS:0\n\n00:00:00.500 --> .*\nGuten Tag/);
  });

  it('answers wrong settings, unknown jobs and what has ended by the names the API has for them', async () => {
    const { job } = await asked();
    const broken = {
      ...job,
      Settings: {
        ...job.Settings,
        OutputGroups: [{ OutputGroupSettings: { Type: 'HLS_GROUP_SETTINGS' as const }, Outputs: [] }],
      },
    };
    await expect(client.send(new CreateJobCommand(broken))).rejects.toMatchObject({ name: 'BadRequestException' });
    await expect(client.send(new GetJobCommand({ Id: '1-none' }))).rejects.toMatchObject({ name: 'NotFoundException' });
    const { Job } = await client.send(new CreateJobCommand(job));
    await ended(Job!.Id!);
    await expect(client.send(new CancelJobCommand({ Id: Job!.Id! }))).rejects.toMatchObject({
      name: 'ConflictException',
    });
  });

  it(
    'ends a job whose source is not there, or cannot be read, with a number and words',
    { timeout: 120_000 },
    async () => {
      const gone = await asked(null);
      const lost = await client.send(new CreateJobCommand({ ...gone.job, ClientRequestToken: 'gone' }));
      expect(await ended(lost.Job!.Id!)).toMatchObject({
        Status: 'ERROR',
        ErrorCode: 1404,
        ErrorMessage: expect.stringContaining('Unable to open input file'),
      });
      const noise = await asked(Buffer.from('no film at all'));
      const { Job } = await client.send(new CreateJobCommand(noise.job));
      expect(await ended(Job!.Id!)).toMatchObject({ Status: 'ERROR', ErrorMessage: expect.any(String) });
    },
  );

  it('fails the video with MediaConvert’s own reason', async () => {
    const { handler: fail } = await import('../../../lambdas/slicing/fail.ts');
    const { readVideo } = await import('../../../lambdas/shared/videos.ts');
    const { plan } = await asked();
    const { bucket, key } = plan.source;
    const event = { detail: { bucket: { name: bucket }, object: { key } } };
    const error = { Error: 'MediaConvertFailed', Cause: 'Unable to open input file (1404)' };
    expect(await fail({ execution: 'run', event, error })).toEqual({ outcome: 'failed' });
    expect(await readVideo(plan.videoId)).toMatchObject({
      status: 'failed',
      failure: { code: 'mediaconvert-failed', reason: expect.stringContaining('Unable to open input file (1404)') },
    });
  });

  it('ends ffmpeg when a job is cancelled', { timeout: 120_000 }, async () => {
    const { job } = await asked();
    const { Job } = await client.send(new CreateJobCommand(job));
    await client.send(new CancelJobCommand({ Id: Job!.Id! }));
    expect(await ended(Job!.Id!)).toMatchObject({ Status: 'CANCELED' });
  });
});
