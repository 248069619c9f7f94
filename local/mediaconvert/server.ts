/**
 * Stands in for AWS Elemental MediaConvert: CreateJob, GetJob and CancelJob over HTTP to the real SDK client. Settings are
 * checked against the API's model; ffmpeg makes the output; the job's state changes are events of the real shape in the
 * engine's EventBridge. What it does not know (other output groups, codecs, containers) it refuses, and does not make up.
 */
import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import { GetObjectCommand, PutObjectCommand, S3Client } from '@aws-sdk/client-s3';
import { randomInt } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { ProcessError, run } from '../../lib/process.ts';
import { engineClient } from '../engine.ts';
import { capture } from './capture.ts';
import { argsOf, namesOf, playlistOf, split, toneOf, type Output, type Read } from './convert.ts';
import { faults, type Model } from './model.ts';

const ACCOUNT = '000000000000';
const REGION = 'us-east-1';

interface Settings {
  readonly inputs: readonly {
    readonly fileInput: string;
    readonly videoSelector?: { readonly rotate?: string };
    readonly audioSelectors?: Readonly<Record<string, { readonly streams?: readonly number[] }>>;
  }[];
  readonly outputGroups: readonly {
    readonly outputGroupSettings: {
      readonly type: string;
      readonly cmafGroupSettings?: { readonly destination: string; readonly segmentLength: number };
      readonly fileGroupSettings?: { readonly destination: string };
    };
    readonly outputs: readonly Output[];
  }[];
}
interface Request {
  readonly role: string;
  readonly queue?: string;
  readonly clientRequestToken?: string;
  readonly userMetadata?: Readonly<Record<string, string>>;
  readonly settings: Settings;
}

type Status = 'SUBMITTED' | 'PROGRESSING' | 'COMPLETE' | 'CANCELED' | 'ERROR';
interface Job {
  readonly id: string;
  readonly arn: string;
  readonly request: Request;
  readonly stop: AbortController;
  status: Status;
  errorCode?: number;
  errorMessage?: string;
}

/** An answer by the error's name, as the service gives it. */
class Refused extends Error {
  readonly status: number;
  readonly type: string;
  constructor(status: number, type: string, message: string) {
    super(message);
    this.status = status;
    this.type = type;
  }
}
const bad = (message: string) => new Refused(400, 'BadRequestException', message);

/** A job ends so, with MediaConvert's own number and words. */
class Failed extends Error {
  readonly code: number;
  constructor(code: number, message: string) {
    super(message);
    this.code = code;
  }
}

export interface MediaConvertOptions {
  /** Engine with the buckets and the event bus. */
  readonly endpoint: string;
  /** ffmpeg. */
  readonly ffmpeg: string;
  readonly model: () => Promise<Model>;
  readonly log: (line: string) => void;
}

export interface MediaConvert {
  readonly url: string;
  readonly close: () => Promise<void>;
}

export async function startMediaConvert(options: MediaConvertOptions): Promise<MediaConvert> {
  const service = new Service(options);
  const server = createServer((request, response) => {
    service.answer(request).then(
      ({ status, body }) =>
        response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body)),
      (error: unknown) => {
        const { status, type } =
          error instanceof Refused ? error : { status: 500, type: 'InternalServerErrorException' };
        const headers = { 'content-type': 'application/json', 'x-amzn-errortype': type };
        response.writeHead(status, headers).end(JSON.stringify({ message: (error as Error).message }));
      },
    );
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    close: async () => {
      server.close();
      server.closeAllConnections();
      await service.end();
    },
  };
}

class Service {
  readonly #options: MediaConvertOptions;
  readonly #jobs = new Map<string, Job>();
  readonly #working = new Set<Promise<void>>();
  readonly #s3: S3Client;
  readonly #events: EventBridgeClient;

  constructor(options: MediaConvertOptions) {
    this.#options = options;
    this.#s3 = new S3Client({ ...engineClient(options.endpoint), forcePathStyle: true });
    this.#events = new EventBridgeClient(engineClient(options.endpoint));
  }

  async answer(request: IncomingMessage): Promise<{ status: number; body: object }> {
    const [version, collection, id, ...rest] = (request.url ?? '').split('?')[0]!.split('/').slice(1);
    if (version !== '2017-08-29' || collection !== 'jobs' || rest.length > 0)
      throw new Refused(404, 'NotFoundException', 'no such address');
    if (request.method === 'POST' && id === undefined)
      return { status: 201, body: { job: shown(await this.#create(request)) } };
    const job = this.#jobs.get(decodeURIComponent(id ?? ''));
    if (job === undefined) throw new Refused(404, 'NotFoundException', 'The resource you requested does not exist.');
    if (request.method === 'GET') return { status: 200, body: { job: shown(job) } };
    if (request.method !== 'DELETE') throw bad('no such operation');
    if (job.status !== 'SUBMITTED' && job.status !== 'PROGRESSING') {
      throw new Refused(409, 'ConflictException', `Job ${job.id} is ${job.status} and cannot be canceled.`);
    }
    job.status = 'CANCELED';
    job.stop.abort();
    await this.#tell(job);
    return { status: 202, body: {} };
  }

  async end(): Promise<void> {
    for (const { stop } of this.#jobs.values()) stop.abort();
    await Promise.allSettled(this.#working);
  }

  async #create(request: IncomingMessage): Promise<Job> {
    const pieces: Buffer[] = [];
    for await (const piece of request) pieces.push(piece as Buffer);
    const asked = JSON.parse(Buffer.concat(pieces).toString()) as Request;
    const wrong = faults(await this.#options.model(), 'CreateJobRequest', asked);
    if (wrong.length > 0) throw bad(wrong.join('; '));
    checkSettings(asked.settings);
    const token = asked.clientRequestToken;
    const before = [...this.#jobs.values()].find(
      (job) => token !== undefined && job.request.clientRequestToken === token,
    );
    if (before !== undefined) return before;
    const id = `${Date.now()}-${randomInt(36 ** 6)
      .toString(36)
      .padStart(6, '0')}`;
    const job: Job = {
      id,
      arn: `arn:aws:mediaconvert:${REGION}:${ACCOUNT}:jobs/${id}`,
      request: asked,
      stop: new AbortController(),
      status: 'SUBMITTED',
    };
    this.#jobs.set(id, job);
    const work = this.#work(job).finally(() => this.#working.delete(work));
    this.#working.add(work);
    return job;
  }

  async #work(job: Job): Promise<void> {
    const folder = await mkdtemp(join(tmpdir(), 'sluice-mediaconvert-'));
    try {
      // Cancelled before anybody began.
      if (job.stop.signal.aborted) return;
      job.status = 'PROGRESSING';
      await this.#tell(job);
      const details = await this.#convert(job, folder);
      if (job.stop.signal.aborted) return;
      job.status = 'COMPLETE';
      await this.#tell(job, { outputGroupDetails: details });
    } catch (error) {
      if (job.stop.signal.aborted) return;
      const failed = error instanceof Failed ? error : new Failed(1999, String(error));
      Object.assign(job, { status: 'ERROR', errorCode: failed.code, errorMessage: failed.message });
      await this.#tell(job, { errorCode: failed.code, errorMessage: failed.message }).catch((lost: unknown) =>
        this.#options.log(`mediaconvert: ${String(lost)}`),
      );
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  }

  async #convert({ request: { settings }, stop: { signal } }: Job, folder: string): Promise<object[]> {
    const [input] = settings.inputs;
    const { bucket, key } = place(input!.fileInput);
    const source = join(folder, 'source');
    try {
      const { Body } = await this.#s3.send(new GetObjectCommand({ Bucket: bucket, Key: key }), { abortSignal: signal });
      await pipeline(Body as Readable, createWriteStream(source), { signal });
    } catch (cause) {
      throw new Failed(
        1404,
        `Unable to open input file [${input!.fileInput}]: [Failed probe/open: [${(cause as Error).name}]]`,
      );
    }
    const streams = Object.fromEntries(
      Object.entries(input!.audioSelectors ?? {}).map(([name, { streams: [first = 1] = [] }]) => [name, first]),
    );
    const read = {
      path: source,
      streams,
      rotate: input!.videoSelector?.rotate,
      tone: await toneOf(this.#options.ffmpeg, source, folder, signal),
    };
    const base = key
      .split('/')
      .at(-1)!
      .replace(/\.[^.]*$/, '');
    const details = [];
    for (const { outputGroupSettings, outputs } of settings.outputGroups) {
      if (outputGroupSettings.fileGroupSettings !== undefined) {
        const { destination } = outputGroupSettings.fileGroupSettings;
        details.push({
          outputDetails: await this.#captures(outputs, { destination, read, folder, signal }),
          type: 'FILE_GROUP',
        });
        continue;
      }
      const { destination, segmentLength } = outputGroupSettings.cmafGroupSettings!;
      const outputDetails = [];
      for (const output of outputs) {
        const made = await this.#output({ output, read, folder, signal, segmentLength });
        const to = place(destination);
        const names = namesOf(base, output);
        const put = (name: string, body: Buffer | string, type: string) =>
          this.#s3.send(
            new PutObjectCommand({ Bucket: to.bucket, Key: `${to.key}${name}`, Body: body, ContentType: type }),
          );
        const type = output.videoDescription ? 'video/mp4' : 'audio/mp4';
        await put(names.init, made.init, type);
        for (const [index, { bytes }] of made.segments.entries()) await put(names.segment(index + 1), bytes, type);
        await put(names.playlist, playlistOf(names, made.segments), 'application/vnd.apple.mpegurl');
        await put(
          names.parent,
          `#EXTM3U\n#EXT-X-VERSION:7\n#EXT-X-STREAM-INF:BANDWIDTH=1\n${names.playlist}\n`,
          'application/vnd.apple.mpegurl',
        );
        outputDetails.push(detailOf(output, made.segments, `${destination}${names.playlist}`));
      }
      details.push({ outputDetails, playlistFilePaths: [`${destination}${base}.m3u8`], type: 'CMAF_GROUP' });
    }
    return details;
  }

  async #captures(
    outputs: readonly Output[],
    to: { readonly destination: string; readonly read: Read; readonly folder: string; readonly signal: AbortSignal },
  ): Promise<object[]> {
    const { destination, ...of } = to;
    const { bucket, key } = place(destination);
    const details = [];
    for (const output of outputs) {
      const pictures = await capture({ ffmpeg: this.#options.ffmpeg, output, ...of });
      for (const [name, Body] of pictures)
        await this.#s3.send(
          new PutObjectCommand({
            Bucket: bucket,
            Key: `${key}${output.nameModifier}${name}`,
            Body,
            ContentType: 'image/jpeg',
          }),
        );
      details.push(
        detailOf(output, [], `${destination}${output.nameModifier}${[...pictures.keys()].toSorted().at(-1) ?? ''}`),
      );
    }
    return details;
  }

  async #output(of: { output: Output; read: Read; folder: string; signal: AbortSignal; segmentLength: number }) {
    const file = join(of.folder, 'output.mp4');
    try {
      await run(this.#options.ffmpeg, argsOf(of.output, of.read, file), { signal: of.signal });
    } catch (error) {
      if (!(error instanceof ProcessError)) throw error;
      throw new Failed(
        1075,
        `Demuxer: [ReadPacketData File read failed - end of file hit at length. ${error.stderr.trim().split('\n').at(-1) ?? ''}]`,
      );
    }
    return split(await readFile(file), of.segmentLength);
  }

  /** "MediaConvert Job State Change", as the user guide shows it. */
  async #tell({ id, arn, status, request }: Job, more: object = {}): Promise<void> {
    const detail = {
      timestamp: Date.now(),
      accountId: ACCOUNT,
      queue: request.queue ?? `arn:aws:mediaconvert:${REGION}:${ACCOUNT}:queues/Default`,
      jobId: id,
      status,
      userMetadata: request.userMetadata ?? {},
      ...more,
    };
    const entry = {
      Source: 'aws.mediaconvert',
      DetailType: 'MediaConvert Job State Change',
      Detail: JSON.stringify(detail),
      Resources: [arn],
    };
    const { Entries = [] } = await this.#events.send(new PutEventsCommand({ Entries: [entry] }));
    const refused = Entries[0]?.ErrorCode;
    if (refused !== undefined) this.#options.log(`mediaconvert: the event ${status} of ${id} was refused: ${refused}`);
  }
}

/** Of what MediaConvert checks beyond its model, and of what this stand-in makes. */
function checkSettings({ inputs, outputGroups }: Settings): void {
  if (inputs.length !== 1) throw bad('/settings/inputs: the stand-in takes one input');
  const selectors = new Set(Object.keys(inputs[0]!.audioSelectors ?? {}));
  for (const [index, { outputGroupSettings, outputs }] of outputGroups.entries()) {
    const at = `/settings/outputGroups/${index}`;
    const { type, cmafGroupSettings, fileGroupSettings } = outputGroupSettings;
    if (type === 'FILE_GROUP_SETTINGS') {
      const isCapture = ({ videoDescription, containerSettings }: Output) =>
        containerSettings.container === 'RAW' && videoDescription?.codecSettings.codec === 'FRAME_CAPTURE';
      if (!fileGroupSettings?.destination || !outputs.every(isCapture))
        throw bad(`${at}: the stand-in makes files of captured frames only`);
      // MediaConvert makes pictures beside something else only.
      if (outputGroups.length < 2) throw bad(`${at}: frame capture needs another output`);
      continue;
    }
    if (type !== 'CMAF_GROUP_SETTINGS' || !cmafGroupSettings?.destination)
      throw bad(`${at}: the stand-in makes CMAF groups`);
    for (const { containerSettings, videoDescription, audioDescriptions = [] } of outputs) {
      if (containerSettings.container !== 'CMFC') throw bad(`${at}: a CMAF group needs the container CMFC`);
      if ((videoDescription === undefined) === (audioDescriptions.length === 0))
        throw bad(`${at}: an output of CMAF is picture or sound`);
      const h264 = videoDescription?.codecSettings.h264Settings;
      if (videoDescription && (h264?.rateControlMode !== 'QVBR' || !h264.maxBitrate))
        throw bad(`${at}: QVBR needs maxBitrate`);
      for (const { audioSourceName } of audioDescriptions) {
        if (!selectors.has(audioSourceName)) throw bad(`${at}: there is no audio selector ${audioSourceName}`);
      }
    }
  }
}

function detailOf({ videoDescription }: Output, segments: readonly { duration: number }[], path: string) {
  return {
    outputFilePaths: [path],
    durationInMs: Math.round(segments.reduce((sum, { duration }) => sum + duration, 0) * 1000),
    ...(videoDescription && {
      videoDetails: { widthInPx: videoDescription.width, heightInPx: videoDescription.height },
    }),
  };
}

const shown = ({ id, arn, status, request, errorCode, errorMessage }: Job) => ({
  id,
  arn,
  status,
  role: request.role,
  settings: request.settings,
  userMetadata: request.userMetadata ?? {},
  ...(errorCode !== undefined && { errorCode, errorMessage }),
});

/** `s3://bucket/key`. */
function place(url: string): { bucket: string; key: string } {
  const [bucket, ...key] = url.slice('s3://'.length).split('/');
  return { bucket: bucket!, key: key.join('/') };
}
