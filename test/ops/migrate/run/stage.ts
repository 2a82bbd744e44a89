import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { onTestFinished } from 'vitest';
import type { OpContext } from '../../../../src/ops/engine/operation.ts';
import type { OpEvent, Plan } from '../../../../src/ops/engine/plan.ts';
import { choose } from '../../../../src/ops/migrate/choose.ts';
import type { State, Status } from '../../../../src/ops/migrate/types.ts';
import { entryOf } from '../../../../src/ops/registry.ts';
import type { TestDatabase } from '../../../support/cluster.ts';
import { cleanEnvironment } from '../../../support/program.ts';
import { carryOut, contextOf, type EndEvent } from '../../engine/run/stage.ts';

/** A context that is closed at the end of the test; its repository is below its home. */
export function contextIn(database: TestDatabase, home: string): OpContext {
  const context = contextOf(database.target(), home, { env: { BACKUP_DIR: join(home, 'backups') } });
  onTestFinished(() => context.close());
  return context;
}

/** A directory with these migrations of dbmate; the text of each is its two ways. */
export function directoryOf(
  home: string,
  name: string,
  migrations: Readonly<Record<string, string>>,
): string {
  const directory = join(home, name);
  mkdirSync(directory, { recursive: true });
  for (const [file, text] of Object.entries(migrations)) writeFileSync(join(directory, `${file}.sql`), text);
  return directory;
}

/** The text of a migration in dbmate's way. */
export const ways = (up: string, down = ''): string => `-- migrate:up\n${up}\n-- migrate:down\n${down}\n`;

export async function planned(
  context: OpContext,
  id: 'up' | 'down' | 'repair' | 'verify',
  input: Record<string, unknown>,
): Promise<Plan> {
  const operation = await entryOf(`migrate ${id}`)?.load();
  if (operation === undefined) throw new Error(`There is no migrate ${id}`);
  return operation.plan(operation.input.parse(input), context);
}

export interface Done {
  readonly end: EndEvent;
  readonly plan: Plan;
  readonly lines: string[];
}

/** Plans and carries out. */
export async function done(
  context: OpContext,
  id: Parameters<typeof planned>[1],
  input: Record<string, unknown>,
  options: { signal?: AbortSignal; onEvent?: (event: OpEvent) => void } = {},
): Promise<Done> {
  const plan = await planned(context, id, input);
  const { end, events } = await carryOut(plan, context, options);
  return { end, plan, lines: events.flatMap((event) => (event.type === 'line' ? [event.text] : [])) };
}

export async function statusOf(context: OpContext, dir: string): Promise<Status> {
  const { adapter, where } = await choose(context, { tool: 'sql', dir });
  return adapter.status(where);
}

/** How many migrations are in each state. */
export async function statesOf(context: OpContext, dir: string): Promise<Partial<Record<State, number>>> {
  const { items } = await statusOf(context, dir);
  return Object.fromEntries(
    [...Map.groupBy(items, ({ state }) => state)].map(([state, of]) => [state, of.length]),
  );
}

/** What blocks a plan. */
export const blocks = (plan: Plan): string[] =>
  plan.checks.filter(({ status }) => status === 'block').map(({ title, detail }) => `${title}: ${detail}`);

/** Names of the hazards that a plan asks about. */
export const hazardsOf = (plan: Plan): string[] => [
  ...new Set(plan.checks.flatMap(({ title, detail }) => (detail.includes('--acknowledge') ? [title] : []))),
];

/** The environment of a process that works on this database as the user of `home`. */
export function environmentOf(database: TestDatabase, home: string, more: Record<string, string> = {}) {
  const { host, port } = database.target();
  return cleanEnvironment(home, {
    PGHOST: host,
    PGPORT: String(port),
    PGUSER: 'postgres',
    PGDATABASE: database.database,
    BACKUP_DIR: join(home, 'backups'),
    ...more,
  });
}
