import { dirname, join } from 'node:path';
import type { Session } from '../../db/session.ts';
import { cleanLine } from '../../text/clean.ts';
import { containerLog, stateText } from '../containers/docker.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Place } from '../settings/here.ts';
import type { Way } from './way/way.ts';

const LINES = 15;
const BYTES = 16_384;

/** The file that a server writes its messages to, on the host; undefined where it is none, or not for this role to know. */
export async function logFile(
  { host }: Pick<OpContext, 'host'>,
  session: Session,
  { here, start }: Place,
): Promise<string | undefined> {
  if ('unknown' in here) return undefined;
  // the function is for superusers and pg_monitor
  const [row] = await session.sql('SELECT pg_current_logfile() AS file').catch(() => []);
  const file = typeof row?.file === 'string' ? row.file : undefined;
  if (file !== undefined) return file.startsWith('/') ? file : join(start.data_directory ?? here.data, file);
  const output = await host.files.real(`/proc/${here.pid}/fd/2`).catch(() => undefined);
  const kind = output && (await host.files.facts(output).catch(() => undefined))?.kind;
  return kind === 'file' ? output : undefined;
}

/** What a server that does not come back has said last, and the state of its container. Never throws. */
export async function lastWords(
  { host }: Pick<OpContext, 'host'>,
  { container, log }: Pick<Way, 'container' | 'log'>,
): Promise<{ readonly state: string | undefined; readonly log: readonly string[] }> {
  if (container !== undefined)
    return { state: await stateText(container), log: await containerLog(container, LINES) };
  return { state: undefined, log: log === undefined ? [] : await tail(host.files, log).catch(() => []) };
}

/** The last lines of the newest file beside the one that was written last: a start may begin another one. */
async function tail(files: OpContext['host']['files'], log: string): Promise<string[]> {
  const path = await newestBeside(files, log);
  const { size } = await files.facts(path);
  const begin = Math.max(0, size - BYTES);
  const text = (await files.readAt(path, begin, BYTES)).toString('utf8');
  return text
    .split('\n')
    .slice(begin > 0 ? 1 : 0)
    .filter((line) => line.trim() !== '')
    .slice(-LINES)
    .map(cleanLine);
}

async function newestBeside(files: OpContext['host']['files'], log: string): Promise<string> {
  const directory = dirname(log);
  const begins = /^[A-Za-z]+/.exec(log.slice(directory.length + 1))?.[0] ?? '';
  let newest = { path: log, modified: 0 };
  for (const { name, kind } of await files.list(directory)) {
    if (kind !== 'file' || begins === '' || !name.startsWith(begins) || !/log/.test(name)) continue;
    const path = join(directory, name);
    const facts = await files.facts(path).catch(() => undefined);
    if (facts !== undefined && facts.modified > newest.modified) newest = { path, modified: facts.modified };
  }
  return newest.path;
}
