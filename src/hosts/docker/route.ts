import { DbError, type ErrorKind } from '../../db/errors.ts';
import type { Route } from '../../db/route.ts';
import { cleanLine } from '../../text/clean.ts';
import { CommandError } from '../host.ts';
import { docker, inspect } from './docker.ts';
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
    const { running, paused, looping } = found;
    // one that docker starts again and again counts as running, for it
    if (!running || looping) return [downText(container, found), ...(await lastWords(found.id))].join('\n');
    return paused ? `The container ${container} is paused: docker unpause ${container}.` : undefined;
  } catch (error) {
    return error instanceof CommandError && error.kind === 'missing' ? error.message : undefined;
  }
}

function downText(container: string, { looping, restarts, exitCode, outOfMemory }: Container): string {
  const again = restarts > 0 ? `, restarted ${restarts} time${restarts === 1 ? '' : 's'}` : '';
  const memory = outOfMemory ? ', killed because memory ran out' : '';
  const ended = `last with exit code ${exitCode}${memory}`;
  return looping
    ? `The container ${container} is started again and again${again}, ${ended}.`
    : `The container ${container} is down${again}, ${ended}: docker start ${container}.`;
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
