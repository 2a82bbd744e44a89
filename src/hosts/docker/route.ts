import { DbError, type ErrorKind } from '../../db/errors.ts';
import type { Route } from '../../db/route.ts';
import { cleanLine } from '../../text/clean.ts';
import { plural } from '../../text/units.ts';
import { CommandError } from '../host.ts';
import { docker, downError, inspect } from './docker.ts';
import type { Container } from './inspect.ts';

/** What a container that is down, or comes up, looks like from outside. */
const WORTH_ASKING: ReadonlySet<ErrorKind> = new Set(['unreachable', 'lost', 'starting']);

/** Connections go to the address that the profile has; why one fails, docker may know. */
export function containerRoute(label: string, find: () => Promise<string>): Route {
  return {
    label,
    open: async () => undefined,
    explain: async (error) => {
      if (!WORTH_ASKING.has(error.kind)) return undefined;
      const why = await stateOf(find);
      if (why === undefined) return undefined;
      return new DbError('unreachable', why, { cause: error, ...(error.code && { code: error.code }) });
    },
    close: async () => {},
  };
}

/** What is wrong with it, in a sentence; undefined where it runs, or where docker says nothing that helps. */
async function stateOf(find: () => Promise<string>): Promise<string | undefined> {
  try {
    const container = await find();
    const found = await inspect(container);
    const down = downError(found, container);
    if (down === undefined || found.paused) return down?.message;
    return [`${down.message}${moreOf(found)}`, ...(await lastWords(found.id))].join('\n');
  } catch (error) {
    return error instanceof CommandError && error.kind === 'missing' ? error.message : undefined;
  }
}

/** What its exit code does not say. */
function moreOf({ restarts, outOfMemory }: Container): string {
  const memory = outOfMemory ? ' It was killed because memory ran out.' : '';
  return restarts > 0 ? `${memory} Docker has started it again ${plural(restarts, 'time')}.` : memory;
}

/** Lines of the log that are shown of a server that is down. */
const LINES = 5;

/** What it has written last, with a heading; none where docker keeps nothing. Never rejects. */
async function lastWords(id: string): Promise<string[]> {
  const said = await docker(['logs', '--tail', String(LINES), id]).catch(() => undefined);
  if (said?.exitCode !== 0) return [];
  const lines = `${said.stdout}\n${said.stderr}`.split('\n').filter((line) => line.trim() !== '');
  return lines.length === 0 ? [] : ['Its last words:', ...lines.slice(-LINES).map(cleanLine)];
}
