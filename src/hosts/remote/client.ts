import { type ChildProcess, spawn } from 'node:child_process';
import { Writable } from 'node:stream';
import { environment } from '../environment.ts';
import { endWithUs, forget } from '../group.ts';
import { startError } from '../start-error.ts';
import type { Client, ClientEnd, Way } from './way.ts';

/**
 * Runs a client as its own process, beside one that ends it when the fourth descriptor is closed: with us, however we
 * end. Its standard input tells it nothing, since it may not pass on that it has ended.
 */
const WITH_US = `
( cat <&3 >/dev/null; kill -s KILL 0 ) </dev/null >/dev/null 2>&1 &
exec 3<&- "$@"
`;

/** Open files of ours that the client has instead of us. */
export interface ClientFiles {
  readonly input?: number | undefined;
  readonly output?: number | undefined;
}

/** Starts the client with a group of its own. Throws {@link CommandError} when it cannot start. */
export async function startClient(
  way: Way,
  words: readonly string[],
  { input, output }: ClientFiles = {},
): Promise<Client> {
  const [command, ...args] = await way.argv(words);
  // no shell of ours, and nothing of what the command there is given
  const [first, ...rest] =
    way.keepsInput === true
      ? ['/bin/sh', '-c', WITH_US, `pgdeck-${way.client}`, command, ...args]
      : [command, ...args];
  const child: ChildProcess = spawn(first ?? command, rest, {
    detached: true,
    stdio: [
      input ?? 'pipe',
      output ?? 'pipe',
      'pipe',
      ...(way.keepsInput === true ? (['pipe'] as const) : []),
    ],
    env: environment(way.env),
  });
  const failed = new Promise<unknown>((resolve) => child.once('error', resolve));
  const { pid } = child;
  if (pid === undefined) throw startError(command, await failed);
  const { stdout, stderr } = child;
  const stdin = child.stdin ?? (input === undefined ? null : new Writable());
  if (stdin === null || stderr === null) throw new TypeError('The client has no streams.');
  const life = child.stdio[3];
  life?.on('error', () => {});
  // who watches over it has nothing to watch any more, and all that it has open is waited for
  child.once('exit', () => life?.destroy());
  endWithUs(pid);
  // a client that has ended reads nothing more: it tells so itself
  stdin.on('error', () => {});
  const closed = new Promise<Pick<ClientEnd, 'exitCode' | 'signal'>>((resolve) => {
    child.once('close', (code, signal) => {
      forget(pid);
      resolve({ exitCode: code ?? undefined, signal: signal ?? undefined });
    });
  });
  const parts: readonly unknown[] = [child, stdin, stdout, stderr];
  return {
    stdin,
    stderr,
    stdout: stdout ?? undefined,
    closed,
    hold: (on) => {
      for (const part of parts as readonly { ref?(): void; unref?(): void }[])
        on ? part.ref?.() : part.unref?.();
    },
    kill: () => {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // it has ended already
      }
      for (const stream of [stdin, stdout, stderr]) stream?.destroy();
    },
  };
}
