import { request as overHttp } from 'node:http';
import { request as overHttps } from 'node:https';
import { deadline } from './deadline.ts';
import { certificateFault, codeOf, NotifyError, notifyErrors } from './errors.ts';
import { masked } from './secret.ts';

/** An answer is thrown away unread; beyond this the connection is. */
const MAX_ANSWER = 64 * 1024;

export interface RequestOptions {
  readonly method: 'GET' | 'POST';
  readonly body?: string;
  readonly signal: AbortSignal;
  readonly timeoutMs: number;
}

/**
 * One request, on a connection of its own. Redirects are not followed: what is posted is meant for the one who was
 * named. Throws {@link file://./errors.ts NotifyError} unless the answer is a 2xx.
 */
export async function request(url: URL, { method, body, signal, timeoutMs }: RequestOptions): Promise<void> {
  const label = masked(url);
  const until = deadline(timeoutMs, signal);
  try {
    const status = await statusOf(url, method, body, until.signal);
    if (status >= 300 && status < 400) throw notifyErrors.redirect({ label, status });
    if (status < 200 || status >= 300) throw notifyErrors.status({ label, status });
  } catch (error) {
    if (error instanceof NotifyError) throw error;
    if (until.late) throw notifyErrors.timeout({ label, seconds: timeoutMs / 1000 });
    if (signal.aborted) throw notifyErrors.stopped({ label });
    const fault = certificateFault(error);
    if (fault !== undefined) throw notifyErrors.certificate({ label, fault });
    throw notifyErrors.connection({ label, code: codeOf(error) });
  } finally {
    until.release();
  }
}

function statusOf(url: URL, method: string, body: string | undefined, signal: AbortSignal): Promise<number> {
  return new Promise((resolve, reject) => {
    const make = url.protocol === 'https:' ? overHttps : overHttp;
    const asked = make(url, {
      method,
      agent: false,
      signal,
      headers: {
        'user-agent': 'pgdeck',
        ...(body !== undefined && {
          'content-type': 'application/json',
          'content-length': Buffer.byteLength(body),
        }),
      },
    });
    asked.once('response', (answer) => {
      const status = answer.statusCode ?? 0;
      let read = 0;
      // what it answered is known: how the rest of it comes makes no difference
      const done = () => {
        asked.destroy();
        resolve(status);
      };
      answer.on('data', (chunk: Buffer) => {
        read += chunk.length;
        if (read > MAX_ANSWER) done();
      });
      answer.once('end', done).once('close', done).once('error', done);
    });
    asked.on('error', reject);
    asked.end(body);
  });
}
