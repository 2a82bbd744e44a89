import type { RequestListener } from 'node:http';
import { type AddressInfo, createServer, type Socket } from 'node:net';
import { SMTPServer, type SMTPServerOptions } from 'smtp-server';
import { Receiver } from '../../notify/receiver.ts';

/** Receivers that take nothing, and say back whatever they were told: each in a way of its own. */
export class Deaf {
  /** Everything that came with a request, or a mail. */
  readonly heard: string[] = [];
  readonly #closers: (() => Promise<unknown>)[] = [];

  /** Answers each request with an error in which all of it stands. */
  async failing(): Promise<number> {
    return this.#http((request, response) => {
      const { authorization = '' } = request.headers;
      response.writeHead(500, { 'x-request': `${request.url} ${authorization}` });
      response.end(`Failed: ${request.url} ${authorization}`);
    });
  }

  /** Leads to another URL, in which the whole of this one stands. */
  async leading(): Promise<number> {
    return this.#http((request, response) => {
      response.writeHead(302, { location: `http://${request.headers.host}/moved${request.url}` }).end();
    });
  }

  /** Takes what it is told. */
  async taking(): Promise<number> {
    return this.#http((_request, response) => response.end('ok'));
  }

  async #http(answer: RequestListener): Promise<number> {
    const receiver = new Receiver();
    receiver.answer = (request, response) => {
      const { url, body } = receiver.requests.at(-1) ?? {};
      this.heard.push(`${url} ${request.headers.authorization ?? ''}\n${body}`);
      answer(request, response);
    };
    await receiver.up();
    this.#closers.push(() => receiver.down());
    return receiver.port;
  }

  /** Says back what it hears, which is no HTTP. */
  async echoing(): Promise<number> {
    const open = new Set<Socket>();
    const server = createServer((socket) => {
      open.add(socket);
      socket.on('error', () => {}).on('data', (heard) => socket.write(heard));
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#closers.push(async () => {
      for (const socket of open) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    });
    return (server.address() as AddressInfo).port;
  }

  /** A mail server that lets nobody in, and tells whom and why. */
  async refusing(): Promise<number> {
    return this.#smtp({
      disabledCommands: ['STARTTLS'],
      onAuth: ({ username, password }, _session, done) => {
        this.heard.push(`login ${username} ${password}`);
        done(Object.assign(new Error(`5.7.8 ${username} with ${password}?`), { responseCode: 535 }));
      },
    });
  }

  /** A mail server that keeps what it gets. */
  async posting(): Promise<number> {
    return this.#smtp({
      disabledCommands: ['STARTTLS'],
      onAuth: ({ username, password }, _session, done) => {
        this.heard.push(`login ${username} ${password}`);
        done(null, { user: username });
      },
      onData: (stream, _session, done) => {
        let mail = '';
        stream.setEncoding('utf8').on('data', (text: string) => {
          mail += text;
        });
        stream.on('end', () => {
          this.heard.push(mail);
          done();
        });
      },
    });
  }

  /** Speaks TLS, with a certificate of nobody. */
  async unsigned(): Promise<number> {
    return this.#smtp({ secure: true });
  }

  async #smtp(options: SMTPServerOptions): Promise<number> {
    const server = new SMTPServer({ logger: false, ...options });
    // a client that breaks off
    server.on('error', () => {});
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    this.#closers.push(() => new Promise((resolve) => server.close(() => resolve(undefined))));
    return (server.server.address() as AddressInfo).port;
  }

  async close(): Promise<void> {
    await Promise.all(this.#closers.map((close) => close()));
  }
}
