import { onTestFinished } from 'vitest';
import { connect, type Session } from '../../../../src/db/client.ts';
import { databaseList } from '../../../../src/db/queries/database/facts.ts';
import type { Plan } from '../../../../src/ops/engine/plan.ts';
import { rehearse } from '../../../../src/ops/migrate/rehearse/rehearse.ts';
import type { Rehearsal, RehearsalResult, Rehearsed } from '../../../../src/ops/migrate/rehearse/result.ts';
import { serverTarget, type TestDatabase, until } from '../../../support/cluster.ts';
import { carryOut, contextOf, planOf, step } from '../../engine/run/stage.ts';

/** A migration of statements, each sent and committed by itself. */
export function migration(
  version: string,
  up: readonly string[],
  down?: readonly string[],
  transactional = false,
): Rehearsed {
  const way = (statements: readonly string[]) => ({
    transactional,
    run: async (session: Session) => {
      for (const statement of statements) await session.sql(statement);
    },
  });
  return { version, up: way(up), down: down && way(down) };
}

/** One whose ways are a transaction each. */
export function whole(version: string, up: readonly string[], down?: readonly string[]): Rehearsed {
  return migration(version, up, down, true);
}

type Wish = Partial<Rehearsal>;

/** The plan of a run that does nothing but rehearse; what it finds is put where `found` says. */
export function rehearsalPlan(
  db: TestDatabase,
  home: string,
  wish: Wish,
  found: (result: RehearsalResult) => void = () => {},
  { role, programs, readOnly = false }: { role?: string; programs?: string; readOnly?: boolean } = {},
): { plan: Plan; context: ReturnType<typeof contextOf> } {
  const own = contextOf(db.target(role), home, { readOnly });
  onTestFinished(() => own.close());
  const context = programs === undefined ? own : { ...own, backup: { ...own.backup, programs } };
  const plan = planOf([
    step('rehearse', async (io) => {
      const rehearsal: Rehearsal = {
        pending: [],
        applied: [],
        // as an application does: the search_path is the role's or the database's
        connect: (database) => connect({ ...db.target(role), database }, 'workload', io.applicationName),
        ...wish,
      };
      found(await rehearse(io, context, rehearsal));
    }),
  ]);
  return { plan, context };
}

/** Rehearses in a run; the end of the run and what was found. */
export async function rehearsed(
  db: TestDatabase,
  home: string,
  wish: Wish,
  options?: Parameters<typeof rehearsalPlan>[4],
) {
  let result: RehearsalResult | undefined;
  const { plan, context } = rehearsalPlan(
    db,
    home,
    wish,
    (found) => {
      result = found;
    },
    options,
  );
  return { ...(await carryOut(plan, context)), result };
}

/** The shadow databases on the server that belong to a database. */
export async function shadowsOf({ database }: Pick<TestDatabase, 'database'>): Promise<string[]> {
  const admin = await connect(serverTarget(), 'workload', 'test-admin');
  try {
    const found = await until(
      async () => {
        const shadows = (await admin.run(databaseList, undefined)).filter(({ name }) =>
          name.startsWith('pgdeck_shadow_'),
        );
        // one that another file makes at this moment has none yet
        return shadows.every(({ comment }) => comment !== null) && shadows;
      },
      { what: 'the marker of every shadow database' },
    );
    return found.filter(({ comment }) => comment?.includes(database)).map(({ name }) => name);
  } finally {
    await admin.close();
  }
}
