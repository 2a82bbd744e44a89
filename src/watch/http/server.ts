import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { UsageError } from '../../config/usage-error.ts';
import { isLoopback, type ListenAddress, withPort } from './address.ts';
import { type Answer, answerTo, type Routes, say } from './answer.ts';
import { bearer } from './bearer.ts';
import { LIMITS, type Limits } from './limits.ts';
import { refuse, statusOf } from './refuse.ts';

export interface ListenOptions extends ListenAddress, Routes {
  /** Who does not send it is told nothing. */
  readonly token?: string | undefined;
  /** Other ones than {@link LIMITS}: a test does not wait for so long. */
  readonly limits?: Partial<Limits>;
}

/** A server that listens. */
export interface Listening {
  /** Address and port as they stand in a URL. */
  readonly address: string;
  /** What the person who began it should know. */
  readonly warning?: string;
  /** Ends all connections; safe to call twice. */
  close(): Promise<void>;
}

/** Serves `/health` and `/metrics`, and nothing else. Throws UsageError where it cannot listen. */
export async function listen({
  host,
  port,
  token,
  limits: other,
  ...routes
}: ListenOptions): Promise<Listening> {
  const limits = { ...LIMITS, ...other };
  const allows = bearer(token);
  const answer = (request: IncomingMessage): Promise<Answer> | Answer =>
    allows(request.headers.authorization) ? answerTo(request, routes) : say(401);
  /** Connections, each with the requests that are not answered yet. */
  const open = new Map<Socket, Set<IncomingMessage>>();
  const server = createServer(
    {
      maxHeaderSize: limits.headerBytes,
      headersTimeout: limits.requestMs,
      requestTimeout: limits.requestMs,
      keepAliveTimeout: limits.idleMs,
      connectionsCheckingInterval: limits.checkedMs,
    },
    (request, response) => {
      const waiting = open.get(request.socket);
      waiting?.add(request);
      receive(request, limits, async (large) => {
        send(response, large ? say(413) : await answer(request), limits);
        waiting?.delete(request);
      });
    },
  );
  server.maxConnections = limits.connections;
  server.maxRequestsPerSocket = limits.requestsPerConnection;
  server.on('connection', (socket: Socket) => {
    open.set(socket, new Set());
    socket.once('close', () => open.delete(socket));
  });
  server.on('clientError', (error: NodeJS.ErrnoException, socket: Socket) => {
    // it would be taken for the answer to a request that came before and has none yet
    if ([...(open.get(socket) ?? [])].some(({ complete }) => complete)) socket.destroy();
    else refuse(socket, statusOf(error), limits);
  });
  // a tunnel is no request that could be answered
  server.on('connect', (_request, socket: Socket) => refuse(socket, 405, limits));
  await begin(server, { host, port });
  const bound = server.address() as AddressInfo;
  const address = withPort({ host: bound.address, port: bound.port });
  const anybody = token === undefined && !isLoopback(bound.address);
  return {
    address,
    ...(anybody && {
      warning: `Whoever reaches ${address} can read the figures of the server: no token is asked for. Set PGDECK_LISTEN_TOKEN, or listen on 127.0.0.1.`,
    }),
    close: () => end(server, open, limits),
  };
}

/** Waits for the whole request, without keeping anything of it; answers at once where it says that it is too large. */
function receive(request: IncomingMessage, limits: Limits, done: (large: boolean) => Promise<void>): void {
  let bytes = Number(request.headers['content-length'] ?? 0);
  if (bytes > limits.bodyBytes) {
    void done(true);
    return;
  }
  bytes = 0;
  request.on('data', (chunk: Buffer) => {
    const before = bytes;
    bytes += chunk.length;
    if (bytes > limits.bodyBytes && before <= limits.bodyBytes) void done(true);
  });
  request.on('end', () => {
    if (bytes <= limits.bodyBytes) void done(false);
  });
  // it breaks off: there is nobody to answer
  request.on('error', () => {});
}

function send(response: ServerResponse, { status, headers, body }: Answer, limits: Limits): void {
  if (response.destroyed) return;
  response.writeHead(status, {
    'content-length': Buffer.byteLength(body),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    // what is left of a request that is too large must not be taken for the next one
    ...(status === 413 && { connection: 'close' }),
    ...headers,
  });
  response.end(body);
  // one that does not read keeps a connection from others
  const timer = setTimeout(() => response.destroy(), limits.answerMs);
  response.once('close', () => clearTimeout(timer));
}

function begin(server: Server, at: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', (error: NodeJS.ErrnoException) => reject(cannotListen(error, at)));
    server.listen({ host: at.host, port: at.port }, () => {
      server.removeAllListeners('error');
      // file descriptors have run out: who asks is not let in, and those who are in go on
      server.on('error', () => {});
      resolve();
    });
  });
}

function cannotListen({ code = 'unknown error' }: NodeJS.ErrnoException, at: ListenAddress): UsageError {
  const { host, port } = at;
  const why: Readonly<Record<string, readonly [string, string]>> = {
    EADDRINUSE: [
      `Another program listens on ${withPort(at)}.`,
      `See who it is (ss -ltnp 'sport = :${port}'), or name another port.`,
    ],
    EADDRNOTAVAIL: [
      `This machine has no address ${host}.`,
      'See its addresses (ip addr), or listen on 127.0.0.1.',
    ],
    EACCES: [
      `Port ${port} may not be used by this user.`,
      'Name a port of 1024 or above, or let a proxy listen on this one.',
    ],
    ENOTFOUND: [`The name ${host} has no address.`, 'Name an IP address.'],
  };
  const [sentence, next] = why[code] ?? [
    `It is not possible to listen on ${withPort(at)} (${code}).`,
    'Name another address or port.',
  ];
  return new UsageError(sentence, next);
}

/** Answers that are on their way get a moment. */
async function end(server: Server, open: ReadonlyMap<Socket, unknown>, limits: Limits): Promise<void> {
  const closed = new Promise<void>((resolve) => server.close(() => resolve()));
  server.closeIdleConnections();
  const timer = setTimeout(() => {
    for (const socket of open.keys()) socket.destroy();
  }, limits.closingMs);
  await closed;
  clearTimeout(timer);
}
