import { request } from 'node:http';
import { z } from 'zod';
import { run } from '../local.ts';

/** Milliseconds for an answer of a daemon that is on this machine; docker's own client waits for ever. */
const TIMEOUT_MS = 30_000;
/** Bytes of an answer, at most. */
const MOST = 1 << 20;

/**
 * The socket of the daemon that docker's client would ask, or undefined where that is not on this machine: by
 * DOCKER_HOST, or by the context, which `docker context inspect` tells (19.03; podman's docker has none).
 */
export async function daemonSocket(signal: AbortSignal): Promise<string | undefined> {
  const set = process.env.DOCKER_HOST ?? '';
  const endpoint = set === '' ? await ofContext(signal) : set;
  const path = /^unix:\/\/(\/.+)$/.exec(endpoint)?.[1];
  return path;
}

async function ofContext(signal: AbortSignal): Promise<string> {
  const args = ['context', 'inspect', '--format', '{{.Endpoints.docker.Host}}'];
  const { exitCode, stdout } = await run('docker', args, { signal });
  return exitCode === 0 ? stdout.trim() : '';
}

const created = z.object({ Id: z.string().regex(/^[0-9a-f]{64}$/) });
const looked = z.object({ ExitCode: z.int().nullish() });

/** A command of a container, not started: its id. Throws where the daemon does not take it, as docker would say. */
export async function createExec(
  socket: string,
  container: string,
  words: readonly string[],
  user: string | undefined,
  signal: AbortSignal,
): Promise<string> {
  const body = {
    AttachStdin: true,
    AttachStdout: true,
    AttachStderr: true,
    Cmd: words,
    ...(user !== undefined && { User: user }),
  };
  return created.parse(await ask(socket, 'POST', `/containers/${container}/exec`, { body, signal })).Id;
}

/** What a command ended with; undefined while it runs. Throws where the daemon does not tell. */
export async function execCode(socket: string, exec: string): Promise<number | undefined> {
  return looked.parse(await ask(socket, 'GET', `/exec/${exec}/json`)).ExitCode ?? undefined;
}

/** Without a version in its path it is answered by whatever the daemon speaks: it refuses old ones (29.0: 1.44). */
function ask(
  socketPath: string,
  method: string,
  path: string,
  { body, signal }: { readonly body?: unknown; readonly signal?: AbortSignal } = {},
): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const sent = request(
      {
        socketPath,
        path,
        method,
        agent: false,
        timeout: TIMEOUT_MS,
        signal,
        headers: { 'Content-Type': 'application/json' },
      },
      (answer) => {
        let text = '';
        answer.setEncoding('utf8').on('error', reject);
        answer.on('data', (chunk: string) => {
          text += chunk;
          if (text.length > MOST)
            sent.destroy(new RangeError('The answer of the docker daemon is too long.'));
        });
        answer.on('end', () => {
          try {
            if (Math.floor((answer.statusCode ?? 0) / 100) !== 2) throw new Error(text);
            resolve(JSON.parse(text));
          } catch (error) {
            reject(error);
          }
        });
      },
    );
    sent.on('timeout', () => sent.destroy(new Error('The docker daemon does not answer.')));
    sent.on('error', reject);
    sent.end(body === undefined ? undefined : JSON.stringify(body));
  });
}
