import { Socket } from 'node:net';
import type { Opening } from '../route.ts';

/**
 * A stream for the driver that goes to a socket or a port, whatever address the driver gives it: that of the server, whose name TLS
 * checks.
 */
export function through(opening: Opening): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket) as (to: Exclude<Opening, string> | { path: string }) => Socket;
  const to = typeof opening === 'string' ? { path: opening } : opening;
  return Object.assign(socket, { connect: () => connect(to) });
}
