import type { Socket } from 'node:net';
import { say } from './answer.ts';
import type { Limits } from './limits.ts';

/** What is wrong with a request that is not understood, by the code of Node's error. */
const STATUS: Readonly<Record<string, number>> = {
  HPE_HEADER_OVERFLOW: 413,
  HPE_CHUNK_EXTENSIONS_OVERFLOW: 413,
  ERR_HTTP_REQUEST_TIMEOUT: 408,
};

export function statusOf({ code }: NodeJS.ErrnoException): number {
  return STATUS[code ?? ''] ?? 400;
}

/** Answers on a connection on which no request was understood, and ends it. */
export function refuse(socket: Socket, status: number, limits: Limits): void {
  if (socket.destroyed || socket.writableEnded) return;
  const { reason, headers, body } = say(status);
  const lines = Object.entries({
    connection: 'close',
    'content-length': String(Buffer.byteLength(body)),
    'cache-control': 'no-store',
    'x-content-type-options': 'nosniff',
    ...headers,
  });
  socket.on('error', () => {});
  socket.end(
    `HTTP/1.1 ${status} ${reason}\r\n${lines.map((line) => `${line.join(': ')}\r\n`).join('')}\r\n${body}`,
  );
  // one that goes on sending would lose the answer if the connection were reset at once
  const timer = setTimeout(() => socket.destroy(), limits.refusedMs);
  socket.once('close', () => clearTimeout(timer));
}
