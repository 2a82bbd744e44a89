import { Socket } from 'node:net';

/**
 * A stream for the driver that goes to a socket, whatever address the driver gives it: that of the server, whose name TLS
 * checks.
 */
export function through(path: string): Socket {
  const socket = new Socket();
  const connect = socket.connect.bind(socket) as (to: { path: string }) => Socket;
  return Object.assign(socket, { connect: () => connect({ path }) });
}
