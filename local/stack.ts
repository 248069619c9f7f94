/** Everything of the local run, up: engine, issuer, the deployed stack and the edge in front of it. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ensureLayer, type LayerArch } from '../lib/constructs/ffmpeg-layer.ts';
import { deploy, type Deployment } from './deploy.ts';
import { startEdgeFor, type Edge } from './edge-for.ts';
import { enginePython, freePort, startEngine, type Engine } from './engine.ts';
import { readModel } from './mediaconvert/model.ts';
import { startMediaConvert, type MediaConvert } from './mediaconvert/server.ts';
import { startIngest, type IngestTask } from './ingest.ts';
import { CLIENT_ID, RESOURCE, startIssuer, TRICKY_USERS, USERS, type Issuer } from './issuer.ts';

const usesMediaConvert = (context: Readonly<Record<string, string>>) =>
  ['auto', 'mediaconvert'].includes(context['slicing.engine'] ?? '');

export interface LocalStack {
  /** The distribution's address, e.g. `http://127.0.0.1:8080`. */
  readonly url: string;
  /** Folder holding the layer's `ffmpeg` and `ffprobe`. */
  readonly ffmpegFolder: string;
  readonly engine: Engine;
  readonly issuer: Issuer;
  readonly deployment: Deployment;
  readonly edge: Edge;
  /** Undefined where the configuration has no live part. */
  readonly ingest: IngestTask | undefined;
  /** Where the configuration uses MediaConvert: what stands in for it. */
  readonly mediaConvert: MediaConvert | undefined;
  /** Deploys again, with these options on top. */
  readonly redeploy: (options: Readonly<Record<string, string>>) => Promise<Deployment>;
  /** Where the deployed app and the task's log are. */
  readonly scratch: string;
  /** What `--ready-file` holds. */
  readonly ready: () => Promise<Ready>;
  /** Ends all of it. Safe to call twice. */
  readonly close: () => Promise<void>;
}

export interface Ready {
  readonly url: string;
  readonly api: string;
  readonly issuer: string;
  readonly engine: string;
  /** Folder of ffmpeg and ffprobe; for tests that make and check media. */
  readonly ffmpegFolder: string;
  /** Where devices connect; absent where the configuration has no live part. */
  readonly devices?: Readonly<Record<'control' | 'media' | 'attachments', number>> & { readonly host: string };
  readonly users: readonly { name: string; groups: readonly string[]; token: string }[];
}

export interface LocalOptions {
  /** Port of the edge; 0 takes a free one. */
  readonly port: number;
  readonly iam?: boolean;
  /** Configuration overrides, option → value. */
  readonly context?: Readonly<Record<string, string>>;
  /** Where who watches from an address is, as ISO 3166-1 alpha-2; without it nobody knows. */
  readonly country?: (ip: string) => string | undefined;
  readonly log: (line: string) => void;
  /** Ends the start early: whatever is up is closed, and the promise rejects. */
  readonly signal?: AbortSignal;
}

export async function startLocal({
  port: asked,
  iam = false,
  context = {},
  country,
  log,
  signal,
}: LocalOptions): Promise<LocalStack> {
  const open: (() => Promise<void>)[] = [];
  let closing: Promise<void> | undefined;
  const close = () =>
    (closing ??= (async () => {
      for (const end of open.toReversed())
        await end().catch((error: unknown) => log(`while closing: ${String(error)}`));
    })());
  try {
    const port = asked === 0 ? await freePort() : asked;
    const url = `http://127.0.0.1:${port}`;
    const layer = await ensureLayer(hostArchitecture(), log, signal && { signal });
    const ffmpegFolder = join(layer, 'bin');
    signal?.throwIfAborted();

    const engine = await startEngine({ iam, log });
    open.push(engine.close);
    signal?.throwIfAborted();

    const issuer = await startIssuer(asked === 0 ? await freePort() : port + 1, url);
    open.push(issuer.close);

    const mediaConvert = usesMediaConvert(context)
      ? await startMediaConvert({
          endpoint: engine.endpoint,
          ffmpeg: join(ffmpegFolder, 'ffmpeg'),
          model: async () => readModel(await enginePython(log)),
          log,
        })
      : undefined;
    if (mediaConvert) open.push(mediaConvert.close);

    const scratch = await mkdtemp(join(tmpdir(), 'sluice-deploy-'));
    open.push(() => rm(scratch, { recursive: true, force: true }));
    const redeploy = (more: Readonly<Record<string, string>>) =>
      deploy({
        endpoint: engine.endpoint,
        scratch,
        ffmpegLayer: layer,
        log,
        ...(signal && { signal }),
        ...(mediaConvert && { mediaConvert: mediaConvert.url }),
        context: {
          architecture: hostArchitecture(),
          'auth.issuer': issuer.url,
          'auth.audience': RESOURCE,
          'auth.clientId': CLIENT_ID,
          'auth.resource': RESOURCE,
          // Signatures are good for one address, and this edge's is not CloudFront's.
          'playback.publicUrl': url,
          ...context,
          ...more,
        },
      });
    const deployment = await redeploy({});
    signal?.throwIfAborted();

    const edge = await startEdgeFor(deployment, engine.endpoint, port, log, country);
    open.push(() => edge.close());
    const ingest = deployment.live && (await startIngest(deployment, engine.endpoint, scratch));
    if (ingest) {
      open.push(() => ingest.close());
      log(
        `ingest: JT/T 808 at ${ingest.host}:${ingest.control}, JT/T 1078 at ${ingest.media}, files at ${ingest.attachments}; log ${ingest.logFile}`,
      );
    }
    const ready = async (): Promise<Ready> => ({
      url,
      api: `${url}/api`,
      issuer: issuer.url,
      engine: engine.endpoint,
      ffmpegFolder,
      ...(ingest && {
        devices: { host: ingest.host, control: ingest.control, media: ingest.media, attachments: ingest.attachments },
      }),
      users: await Promise.all(
        [...USERS, ...TRICKY_USERS].map(async (user) => ({ ...user, token: await issuer.token(user) })),
      ),
    });
    return {
      url,
      ffmpegFolder,
      engine,
      issuer,
      deployment,
      edge,
      ingest,
      mediaConvert,
      redeploy,
      scratch,
      ready,
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function hostArchitecture(): LayerArch {
  return process.arch === 'arm64' ? 'arm64' : 'x86_64';
}
