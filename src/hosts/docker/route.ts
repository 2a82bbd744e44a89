import { DbError, type ErrorKind } from '../../db/errors.ts';
import type { Route } from '../../db/route.ts';
import { cleanLine } from '../../text/clean.ts';
import { plural } from '../../text/units.ts';
import { CommandError } from '../host.ts';
import { briefly, reasonIn } from '../last-words.ts';
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
      const { text, brief } = why;
      return new DbError('unreachable', text, {
        cause: error,
        brief,
        ...(error.code && { code: error.code }),
      });
    },
    close: async () => {},
  };
}

interface State {
  readonly text: string;
  readonly brief: readonly string[];
}

/** What is wrong with it, in a sentence with its last words; undefined where it runs, or where docker says nothing that helps. */
async function stateOf(find: () => Promise<string>): Promise<State | undefined> {
  try {
    const container = await find();
    const found = await inspect(container);
    const down = downError(found, container);
    if (down === undefined) return undefined;
    if (found.paused) return { text: down.message, brief: [] };
    const words = await lastWords(found.id);
    const said = words.length === 0 ? [] : ['Its last words:', ...words];
    const why = reasonIn(words) ?? (found.outOfMemory ? 'memory ran out' : undefined);
    return {
      text: [`${down.message}${moreOf(found)}`, ...said].join('\n'),
      brief: briefly(
        found.name,
        `${found.name} ${found.restarting ? 'is started again and again' : 'does not run'}`,
        { why },
      ),
    };
  } catch (error) {
    return error instanceof CommandError && error.kind === 'missing'
      ? { text: error.message, brief: [] }
      : undefined;
  }
}

/** What its exit code does not say. */
function moreOf({ restarts, outOfMemory }: Container): string {
  const memory = outOfMemory ? ' It was killed because memory ran out.' : '';
  return restarts > 0 ? `${memory} Docker has started it again ${plural(restarts, 'time')}.` : memory;
}

/** Lines of the log that are shown of a server that is down. */
const LINES = 5;

/** What it has written last; none where docker keeps nothing. Never rejects. */
async function lastWords(id: string): Promise<string[]> {
  const said = await docker(['logs', '--tail', String(LINES), id]).catch(() => undefined);
  if (said?.exitCode !== 0) return [];
  const lines = `${said.stdout}\n${said.stderr}`.split('\n').filter((line) => line.trim() !== '');
  return lines.slice(-LINES).map(cleanLine);
}
