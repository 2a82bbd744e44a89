import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { environment } from '../environment.ts';
import { endWithUs, forget } from '../group.ts';
import { startError } from '../start-error.ts';
import type { ClientEnd, Way } from './way.ts';

/** The client program of a way, while it carries one command. */
export interface Client {
  readonly child: ChildProcessWithoutNullStreams;
  /** Fulfilled when it has ended and all it wrote is read; never rejected. */
  readonly closed: Promise<Omit<ClientEnd, 'stderr'>>;
  /** Ends it without waiting for what it carries, and lets go of its streams. */
  kill(): void;
}

/** Starts the client with a group of its own. Throws {@link CommandError} when it cannot start. */
export async function startClient(way: Way, words: readonly string[]): Promise<Client> {
  const [command, ...args] = await way.argv(words);
  // no shell of ours, and nothing of what the command there is given
  const child = spawn(command, args, { detached: true, stdio: 'pipe', env: environment(way.env) });
  const failed = new Promise<unknown>((resolve) => child.once('error', resolve));
  const { pid } = child;
  if (pid === undefined) throw startError(command, await failed);
  endWithUs(pid);
  // a client that has ended reads nothing more: it tells so itself
  child.stdin.on('error', () => {});
  const closed = new Promise<Omit<ClientEnd, 'stderr'>>((resolve) => {
    child.once('close', (code, signal) => {
      forget(pid);
      resolve({ exitCode: code ?? undefined, signal: signal ?? undefined });
    });
  });
  return {
    child,
    closed,
    kill: () => {
      try {
        process.kill(-pid, 'SIGKILL');
      } catch {
        // it has ended already
      }
      for (const stream of [child.stdin, child.stdout, child.stderr]) stream.destroy();
    },
  };
}
