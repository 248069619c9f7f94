/** A small client of the API, as a script would use it: for the demonstration, the tests and the benchmarks. */
import { open, stat } from 'node:fs/promises';
import type { ResponseOf, RouteKey } from '../lib/contract/api.ts';

export class ClientError extends Error {
  override name = 'ClientError';
  readonly status: number;
  /** The problem document, or whatever text came instead. */
  readonly body: unknown;

  constructor(message: string, status: number, body: unknown) {
    super(message);
    this.status = status;
    this.body = body;
  }
}

export interface UploadOptions {
  readonly name: string;
  readonly type?: string;
  readonly metadata?: Readonly<Record<string, unknown>>;
  /** Bytes; S3 wants at least 5 MiB for every part but the last. */
  readonly partBytes?: number;
}

export class Client {
  readonly url: string;
  readonly #token: string | undefined;

  /** `url` is the distribution's address; without a token requests are anonymous. */
  constructor(url: string, token?: string) {
    this.url = url;
    this.#token = token;
  }

  get headers(): Record<string, string> {
    return this.#token === undefined ? {} : { authorization: `Bearer ${this.#token}` };
  }

  /** Sends a request to `path` and answers the raw response. */
  fetch(method: string, path: string, body?: unknown): Promise<Response> {
    return fetch(`${this.url}${path}`, {
      method,
      headers: { ...this.headers, ...(body !== undefined && { 'content-type': 'application/json' }) },
      ...(body !== undefined && { body: JSON.stringify(body) }),
    });
  }

  /** The JSON answer of a route; throws `ClientError` on anything but success. `params` fill the route's braces. */
  async call<K extends RouteKey>(
    route: K,
    {
      params = {},
      query = {},
      body,
    }: { params?: Record<string, string>; query?: Record<string, string>; body?: unknown } = {},
  ): Promise<ResponseOf<K>> {
    const [method, template] = route.split(' ') as [string, string];
    const path = template.replace(/\{(\w+)\}/g, (_, name: string) => encodeURIComponent(params[name] ?? ''));
    const search = new URLSearchParams(query).toString();
    const answer = await this.fetch(method, search === '' ? path : `${path}?${search}`, body);
    const text = await answer.text();
    const value: unknown = text === '' ? undefined : parse(text);
    if (!answer.ok)
      throw new ClientError(`${method} ${path} answered ${answer.status}: ${text.slice(0, 500)}`, answer.status, value);
    return value as ResponseOf<K>;
  }

  /** Uploads a file in presigned parts; answers the video's id. */
  async upload(
    file: string,
    { name, type = 'video/mp4', metadata = {}, partBytes = 8 * 1024 * 1024 }: UploadOptions,
  ): Promise<string> {
    const { size } = await stat(file);
    const created = await this.call('POST /api/s3/multipart', {
      body: { filename: name, type, metadata: { ...metadata, size } },
    });
    const params = { uploadId: created.uploadId };
    const query = { key: created.key };
    const parts: { PartNumber: number; ETag: string }[] = [];
    const handle = await open(file);
    try {
      for (let offset = 0; offset < size; offset += partBytes) {
        const partNumber = parts.length + 1;
        const { buffer, bytesRead } = await handle.read(
          Buffer.alloc(Math.min(partBytes, size - offset)),
          0,
          undefined,
          offset,
        );
        const signed = await this.call('GET /api/s3/multipart/{uploadId}/{partNumber}', {
          params: { ...params, partNumber: String(partNumber) },
          query,
        });
        parts.push({ PartNumber: partNumber, ETag: await putPart(signed.url, buffer.subarray(0, bytesRead)) });
      }
    } finally {
      await handle.close();
    }
    await this.call('POST /api/s3/multipart/{uploadId}/complete', { params, query, body: { parts } });
    return created.videoId;
  }

  /** Waits until the video is ready; throws with its reason when slicing failed. */
  async ready(
    id: string,
    onChange: (status: string, progress: number, video: ResponseOf<'GET /api/videos/{id}'>) => void = () => {},
    minutes = 15,
  ): Promise<ResponseOf<'GET /api/videos/{id}'>> {
    for (const deadline = Date.now() + minutes * 60_000; Date.now() < deadline;) {
      const video = await this.call('GET /api/videos/{id}', { params: { id } });
      if (video.status === 'ready') return video;
      if (video.status === 'failed')
        throw new ClientError(`slicing failed: ${video.failure?.reason}`, 200, video.failure);
      onChange(video.status, video.progress, video);
      await new Promise((resolve) => setTimeout(resolve, 500));
    }
    throw new ClientError(`the video was not ready within ${minutes} minutes`, 200, undefined);
  }
}

/** PUTs one part to its presigned URL; answers its ETag. */
export async function putPart(url: string, bytes: Uint8Array): Promise<string> {
  const answer = await fetch(url, { method: 'PUT', body: bytes as Uint8Array<ArrayBuffer> });
  const etag = answer.headers.get('etag');
  if (!answer.ok || etag === null)
    throw new ClientError(`a part was answered with ${answer.status}`, answer.status, await answer.text());
  return etag;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
