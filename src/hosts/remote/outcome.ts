import { constants } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import type { CommandError } from '../host.ts';
import { remoteErrors } from './errors.ts';
import type { Ended } from './exchange.ts';
import type { Way } from './way.ts';

/** Milliseconds until who looks after a place has noticed that it ended. */
const SETTLED_MS = 1_000;

interface About {
  readonly way: Way;
  /** The commands, by their names. */
  readonly programs: readonly string[];
  readonly stderr: string;
}

/**
 * The exit code of a command that ended by itself and whose output arrived as it was written. Throws
 * {@link CommandError} where nothing of that is known; the client's own exit code counts for nothing.
 */
export async function outcome(ended: Ended, about: About): Promise<{ exitCode: number; program?: string }> {
  const { way, programs, stderr } = about;
  const { told } = ended;
  const at = { program: programs.join(' | '), label: way.label };
  if (told.refused !== undefined) throw refusal(told.refused, about);
  if (told.exitCode === undefined || told.sum === undefined) {
    const why = way.explain(ended.client);
    if (why !== undefined) throw why;
    await whyLost(way);
    throw remoteErrors.lost({ ...at, stderr });
  }
  if (!ended.sum.is(told.sum)) throw remoteErrors.altered({ ...at, stderr, bytes: ended.sum.bytes });
  if (programs.length > 1) return ofPipe(ended, about);
  const signal = signalOf(told.exitCode);
  if (signal !== undefined) throw remoteErrors.killed({ ...at, signal, stderr });
  return { exitCode: told.exitCode };
}

/** Throws why a place was lost, where it tells: it may be seen as it was for a moment after its streams have closed. */
export async function whyLost(way: Way): Promise<void> {
  await way.check();
  await delay(SETTLED_MS);
  await way.check();
}

function refusal([why, what = '']: readonly string[], { way, programs }: About): CommandError {
  const { label } = way;
  const program = programs[Number(what)] ?? programs[0] ?? '';
  switch (why) {
    case 'missing':
      return remoteErrors.missing({ program, label });
    case 'denied':
      return remoteErrors.denied({ program, label });
    case 'directory':
      return remoteErrors.directory({ program, label });
    case 'place':
      return remoteErrors.replaced({ label });
    case 'group':
      return remoteErrors.group({ label });
    default:
      return remoteErrors.tool({ tool: what, label });
  }
}

/** A shell tells a signal as 128 and its number. */
export function signalOf(code: number): string | undefined {
  if (code <= 128) return undefined;
  return Object.entries(constants.signals).find(([, number]) => number === code - 128)?.[0];
}

/** What a program says that could not write. */
const NO_READER = /(?:writ|output|stdout).*(?:broken pipe|connection reset by peer)/i;

/** The first that failed; a writer that fails because its reader is gone is not the cause, whoever tells it first. */
function ofPipe({ told }: Ended, { way, programs, stderr }: About): { exitCode: number; program?: string } {
  const failures = told.codes.filter(({ code }) => code !== 0);
  const lastCode = Math.max(...failures.map(({ at, code }) => (signalOf(code) === undefined ? at : -1)));
  const readerGone = ({ at, code }: (typeof failures)[number]) =>
    signalOf(code) === 'SIGPIPE' || (at < lastCode && NO_READER.test(stderr));
  const cause = failures.find((one) => !readerGone(one)) ?? failures[0];
  if (cause === undefined && told.codes.length === programs.length) return { exitCode: 0 };
  const program = programs[cause?.at ?? -1] ?? programs.join(' | ');
  const code = cause?.code ?? told.exitCode ?? 0;
  const signal = signalOf(code);
  if (signal !== undefined) throw remoteErrors.killed({ program, label: way.label, signal, stderr });
  if (code === 0) throw remoteErrors.lost({ program, label: way.label, stderr });
  return { exitCode: code, program };
}
