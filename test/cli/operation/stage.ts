import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, vi } from 'vitest';
import { run as runProgram } from '../../../src/cli/program.ts';
import type { Session } from '../../../src/db/client.ts';
import { client, type TestDatabase, testDatabase } from '../../support/cluster.ts';
import { registerWork } from '../../support/fixtures/work.ts';
import { cleanEnvironment, type Outcome, temporaryDirectory } from '../../support/program.ts';

export const PROGRAM = fileURLToPath(new URL('./program.ts', import.meta.url));

export let db: TestDatabase;
export let looking: Session;
export const home = temporaryDirectory();

beforeAll(async () => {
  registerWork();
  db = await testDatabase();
  looking = await client(db.target(), 'looking');
});
afterAll(() => db.drop());

export function environment(env: Record<string, string> = {}): Record<string, string> {
  const { host, port, user, database } = db.target();
  const server = { PGHOST: host, PGPORT: String(port), PGUSER: user, PGDATABASE: database };
  return cleanEnvironment(home, { XDG_STATE_HOME: join(home, 'state'), ...server, ...env });
}

/** Runs pgdeck with the operation for tests, without a terminal; in this process, which is faster. */
export const run = (...args: string[]): Promise<Outcome> => runIn({}, ...args);

export async function runIn(env: Record<string, string>, ...args: string[]): Promise<Outcome> {
  const said = { stdout: '', stderr: '' };
  const spies = (['stdout', 'stderr'] as const).map((to) =>
    vi.spyOn(process[to], 'write').mockImplementation((text) => {
      said[to] += text;
      return true;
    }),
  );
  try {
    return { code: await runProgram(args, environment(env)), ...said };
  } finally {
    for (const spy of spies) spy.mockRestore();
  }
}

export const isTable = async (name: string): Promise<boolean> =>
  (await looking.sql('SELECT 1 FROM pg_tables WHERE tablename = $1', [name])).length > 0;

export const lines = (text: string): Record<string, unknown>[] =>
  text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
