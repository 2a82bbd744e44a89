import { existsSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KeptClient } from '../kept.ts';
import { owner, sweep } from '../workspace.ts';

/** The {@link owner} follows. */
const PREFIX = 'pgdeck-ssh-';
/** A socket's path has 104 bytes at most (macOS; Linux 108), and ssh makes a control socket under a longer name first. */
const ROOM = 104 - 40;

let own: string | undefined;
let serial = 0;

/**
 * A new path of a socket in a directory that nobody else may look into, made anew by every process and removed when it
 * ends: whoever can open the socket is behind ssh's login. What killed processes have left is removed, too.
 */
export function privateSocket(name = (serial++).toString(36)): string {
  if (own === undefined) {
    const base = join(tmpdir(), PREFIX).length + 28 > ROOM ? '/tmp' : tmpdir();
    void sweep(PREFIX, base);
    // mkdtemp makes it with mode 0700, and fails where the name is taken
    const directory = mkdtempSync(join(base, PREFIX + owner()));
    process.once('exit', () => rmSync(directory, { recursive: true, force: true }));
    own = directory;
  }
  return join(own, name);
}

/** An ssh that serves a new socket of its own. */
export function onSocket(args: (socket: string) => readonly string[]): KeptClient<string> {
  const socket = privateSocket();
  return {
    program: 'ssh',
    args: args(socket),
    ready: () => (existsSync(socket) ? socket : undefined),
    ended: () => rmSync(socket, { force: true }),
  };
}
