import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { Message } from '../../src/notify/message.ts';

/** A message as any. */
export const MESSAGE: Message = {
  text: 'The backup of shop failed: the disk is full.',
  check: 'backup_failed',
  object: 'shop',
  state: 'raised',
  severity: 'alert',
  value: null,
  threshold: null,
  server: 'dba@db:5432/shop',
  at: '2026-01-02T03:04:05.000Z',
};

export const messages = (count: number): Message[] =>
  Array.from({ length: count }, (_, at) => ({ ...MESSAGE, text: `Message ${at + 1}.` }));

export const never = (): AbortSignal => new AbortController().signal;

export interface Request {
  readonly method: string | undefined;
  readonly url: string | undefined;
  readonly headers: IncomingMessage['headers'];
  readonly body: string;
}

/** A real HTTP server that takes down what it is sent, and can be away for a while. */
export class Receiver {
  readonly requests: Request[] = [];
  /** How it answers. */
  answer: RequestListener = (_request, response) => response.end('ok');
  #server: Server | undefined;
  #port = 0;

  get port(): number {
    return this.#port;
  }

  url(rest = '/hook'): URL {
    return new URL(rest, `http://127.0.0.1:${this.#port}`);
  }

  get texts(): string[] {
    return this.requests.map(({ body }) => JSON.parse(body).text);
  }

  /** On the port it had before, if any. */
  async up(): Promise<this> {
    const server = createServer((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (text: string) => {
        body += text;
      });
      request.on('end', () => {
        const { method, url, headers } = request;
        this.requests.push({ method, url, headers, body });
        this.answer(request, response);
      });
    });
    await new Promise<void>((resolve) => server.listen(this.#port, '127.0.0.1', resolve));
    this.#port = (server.address() as AddressInfo).port;
    this.#server = server;
    return this;
  }

  async down(): Promise<void> {
    const server = this.#server;
    this.#server = undefined;
    server?.closeAllConnections();
    await new Promise((resolve) => (server ? server.close(resolve) : resolve(undefined)));
  }
}
