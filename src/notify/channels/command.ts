import { basename } from 'node:path';
import { CommandError, type Host } from '../../hosts/host.ts';
import { cleanLine } from '../../text/clean.ts';
import type { Channel } from '../channel.ts';
import { type NotifyError, notifyErrors } from '../errors.ts';
import { jsonOf } from '../message.ts';
import { withoutWords } from '../secret.ts';

const TIMEOUT_MS = 30_000;

/** A program of this machine that gets the message as JSON on its standard input; no shell comes between. */
export function command(words: readonly string[], host: Host, timeoutMs = TIMEOUT_MS): Channel {
  const [program = '', ...args] = words;
  // its arguments may be what it logs in with
  const label = `command ${cleanLine(basename(program))}`;
  return {
    label,
    send: async (message, signal) => {
      const options = { input: `${jsonOf(message)}\n`, timeout: timeoutMs, maxOutput: 8192, signal };
      const { exitCode, stderr } = await host.run(program, args, options).catch((error: unknown) => {
        throw told(error, label, timeoutMs);
      });
      if (exitCode === 0) return;
      const last = stderr.trimEnd().split('\n').at(-1) ?? '';
      throw notifyErrors.exit({ label, exitCode, said: withoutWords(last, args).replace(/[.!]$/, '') });
    },
  };
}

function told(error: unknown, label: string, timeoutMs: number): NotifyError {
  if (!(error instanceof CommandError)) throw error;
  const why = {
    missing: 'is not there',
    denied: 'may not be run by this user',
    cancelled: 'was not waited for',
    timeout: `took longer than ${timeoutMs / 1000} s and was ended`,
    stalled: 'did nothing and was ended',
    signal: 'was killed',
    gone: 'was lost',
    transfer: 'was not handed over whole',
    other: 'could not be run',
  }[error.kind];
  return notifyErrors.program({ label, why, permanent: false });
}
