/** A client of the WebSocket, as a script would be one. */
import { once } from 'node:events';
import type { Client } from '../../local/client.ts';
import type { News, Told } from '../../lib/contract/presence.ts';
import { SOCKET } from '../../lib/contract/socket.ts';

export class Listener implements AsyncDisposable {
  readonly socket: WebSocket;
  /** All that it was told, in order. */
  readonly news: News[] = [];
  readonly #grants: (readonly string[])[] = [];

  private constructor(socket: WebSocket) {
    this.socket = socket;
    socket.addEventListener('message', ({ data }) => {
      const told = JSON.parse(String(data)) as Told;
      if ('news' in told) this.news.push(...told.news);
      else this.#grants.push(told.topics);
    });
  }

  /** Undefined: it is refused. */
  static async connect(url: string, ticket: string): Promise<WebSocket | undefined> {
    const socket = new WebSocket(`${url.replace(/^http/, 'ws')}/${SOCKET}?ticket=${ticket}`);
    const ended = await new Promise<string>((resolve) => {
      for (const type of ['open', 'error', 'close']) socket.addEventListener(type, () => resolve(type));
    });
    return ended === 'open' ? socket : undefined;
  }

  static async open(client: Client): Promise<Listener> {
    const { ticket } = await client.call('POST /api/presence', {});
    const socket = await Listener.connect(client.url, ticket);
    if (socket === undefined) throw new Error('the connection was refused');
    return new Listener(socket);
  }

  /** Of what it was told, what is of videos. */
  get videos(): Extract<News, { of: 'video' }>[] {
    return this.news.filter((one) => one.of === 'video');
  }

  /** Answers which of them were granted. */
  async ask(topics: readonly string[]): Promise<readonly string[]> {
    const before = this.#grants.length;
    this.socket.send(JSON.stringify({ topics }));
    while (this.#grants.length === before) await once(this.socket, 'message');
    return this.#grants.at(-1)!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    if (this.socket.readyState === WebSocket.CLOSED) return;
    this.socket.close();
    await once(this.socket, 'close');
  }
}
