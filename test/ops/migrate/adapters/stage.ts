import { mkdirSync, mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, onTestFinished } from 'vitest';
import { connect, type Session } from '../../../../src/db/client.ts';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import type { OpEvent } from '../../../../src/ops/engine/plan.ts';
import { loadAdapters } from '../../../../src/ops/migrate/adapters/registry.ts';
import type {
  Destination,
  Direction,
  MigrationAdapter,
  Route,
  Where,
} from '../../../../src/ops/migrate/types.ts';
import { type TestDatabase, testDatabase } from '../../../support/cluster.ts';
import { carryOut, contextOf, type EndEvent, planOf } from '../../engine/run/stage.ts';

const ADAPTERS = await loadAdapters();

export const NODE_MODULES = fileURLToPath(new URL('../../../../node_modules', import.meta.url));

/** A project of some tool on a database of its own. */
export interface Stage {
  readonly adapter: MigrationAdapter;
  readonly root: string;
  readonly context: OpContext;
  readonly session: Session;
  where(directory?: string): Promise<Where>;
  /** What the status says, as `version state` in its order. */
  states(directory?: string): Promise<string[]>;
  /** Plans it and runs the steps. */
  go(direction: Direction, to: Destination, options?: GoOptions): Promise<Gone>;
  write(files: Readonly<Record<string, string>>): void;
}

export interface GoOptions {
  readonly where?: Partial<Where>;
  readonly signal?: AbortSignal;
  readonly onEvent?: (event: OpEvent) => void;
}

export interface Gone {
  readonly route: Route;
  readonly end: EndEvent;
  readonly lines: readonly string[];
}

export const LATEST: Destination = { kind: 'latest' };
export const BASE: Destination = { kind: 'base' };
export const steps = (n: number): Destination => ({ kind: 'steps', n });
export const to = (version: string): Destination => ({ kind: 'to', version });

/** One database for each test of this file that asks for a stage. */
export function stages(id: string): (files: Readonly<Record<string, string>>) => Promise<Stage> {
  const adapter = ADAPTERS.find((one) => one.id === id);
  if (adapter === undefined) throw new Error(`no adapter ${id}`);
  const made: TestDatabase[] = [];
  afterAll(async () => {
    for (const one of made) await one.drop();
  });
  return async (files) => {
    const own = await testDatabase();
    made.push(own);
    const root = mkdtempSync(join(tmpdir(), 'pgdeck-adapter-'));
    const context = contextOf(own.target(), join(root, '.home'), { env: { PATH: process.env.PATH ?? '' } });
    const session = await connect(own.target(), 'workload', 'test');
    onTestFinished(async () => {
      await Promise.all([context.close(), session.close()]);
      rmSync(root, { recursive: true, force: true });
    });
    const stage = stageOf(adapter, root, context, session);
    stage.write(files);
    return stage;
  };
}

function stageOf(adapter: MigrationAdapter, root: string, context: OpContext, session: Session): Stage {
  const where = async (directory = root): Promise<Where> => ({
    context,
    host: await context.at('migrations'),
    session: await context.session(undefined, 'migration'),
    directory,
  });
  return {
    adapter,
    root,
    context,
    session,
    where,
    states: async (directory) => {
      const { items } = await adapter.status(await where(directory));
      return items.map(({ version, state }) => `${version} ${state}`);
    },
    go: async (direction, destination, { where: more, ...options } = {}) => {
      const route = await adapter.route({ ...(await where()), ...more }, direction, destination);
      const { end, events } = await carryOut(planOf(route.steps), context, options);
      const lines = events.flatMap((event) => (event.type === 'line' ? [event.text] : []));
      return { route, end, lines };
    },
    write: (files) => {
      for (const [name, text] of Object.entries(files)) {
        const path = join(root, name);
        mkdirSync(dirname(path), { recursive: true });
        writeFileSync(path, text, { mode: text.startsWith('#!') ? 0o755 : 0o644 });
      }
    },
  };
}

/** Our own node_modules in a project. */
export function withNodeModules({ root }: Pick<Stage, 'root'>): void {
  symlinkSync(NODE_MODULES, join(root, 'node_modules'));
}

/** Columns of a table; none when it is not there. */
export async function columnsOf(session: Session, table: string): Promise<string[]> {
  const rows = await session.sql(
    `SELECT attname::text AS name FROM pg_attribute
     WHERE attrelid = to_regclass($1) AND attnum > 0 AND NOT attisdropped ORDER BY attnum`,
    [table],
  );
  return rows.map(({ name }) => String(name));
}
