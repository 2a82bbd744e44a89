import { quoteIdent, quoteLiteral } from '../../../db/ident.ts';
import type { DatabaseFacts } from '../../../db/queries/database/facts.ts';
import type { Session } from '../../../db/session.ts';
import { milliseconds } from '../../../text/units.ts';
import { pruneBefore } from '../../database/drop.ts';
import { inMaintenance } from '../../database/maintenance.ts';
import { beforeName, freshName, rolledBackName } from '../../database/names.ts';
import { applyProperties, databaseProperties } from '../../database/properties.ts';
import { KEPT, type Step } from '../../engine/plan.ts';
import { createStep } from '../../restore/steps/create.ts';
import { type RestoreState, RUN } from '../../restore/steps/state.ts';
import { Undecided } from '../../restore/swap/errors.ts';
import { endedText, swapDatabases, swapPreview, undoSwap } from '../../restore/swap/swap.ts';
import type { ExtensionRow } from '../queries/contents.ts';

/** The steps that put an empty database like it in the place of one, which is kept. */
export async function anewSteps(
  session: Session,
  facts: DatabaseFacts,
  extensions: readonly ExtensionRow[],
  state: RestoreState,
): Promise<Step[]> {
  const { name } = facts;
  const properties = await databaseProperties(session, name, freshName(name, RUN));
  return [
    createStep(facts, `Create an empty database beside ${name}`),
    ...(extensions.length === 0 ? [] : [extensionStep(name, extensions)]),
    {
      id: 'properties',
      title: `Give it the owner, grants and settings of ${name}`,
      preview: properties.map((sql) => `${sql};`).join('\n'),
      run: (io) =>
        inMaintenance(io, async (admin) => {
          // as they are now, not as they were when it was planned
          await applyProperties(admin, await databaseProperties(admin, name, freshName(name, io.run)));
        }),
    },
    swapStep(facts, state),
  ];
}

function extensionStep(name: string, extensions: readonly ExtensionRow[]): Step {
  const statements = extensions.flatMap(({ name: extension, version, schema }) => [
    ...(schema === 'public' || schema.startsWith('pg_')
      ? []
      : [`CREATE SCHEMA IF NOT EXISTS ${quoteIdent(schema)}`]),
    `CREATE EXTENSION IF NOT EXISTS ${quoteIdent(extension)} SCHEMA ${quoteIdent(schema)} VERSION ${quoteLiteral(version).trim()}`,
  ]);
  return {
    id: 'extensions',
    title: 'Create its extensions there, of the same versions',
    preview: statements.map((sql) => `${sql};`).join('\n'),
    run: async (io) => {
      const session = await io.connect(freshName(name, io.run));
      try {
        for (const statement of statements) await session.sql(statement);
      } finally {
        // nobody may be in it when it is renamed
        await session.close();
      }
    },
  };
}

function swapStep({ name, comment }: DatabaseFacts, state: RestoreState): Step {
  const names = (run: string) => ({
    live: name,
    fresh: freshName(name, run),
    before: beforeName(name, run),
    run,
  });
  return {
    id: 'swap',
    title: 'Swap the names in one transaction',
    preview: swapPreview(names(RUN), comment),
    effect: 'sessions are ended; nobody can connect for a fraction of a second',
    waits: true,
    run: async (io) => {
      state.exchanging = true;
      const done = await swapDatabases(io, names(io.run)).catch((error: unknown) => {
        state.undecided = error instanceof Undecided;
        throw error;
      });
      state.replaced = true;
      const { before } = names(io.run);
      state.before = before;
      io.result({
        title: 'Made anew',
        columns: ['what', 'value'],
        rows: [
          ['database', name],
          ['closed to clients', milliseconds(done.closed_ms)],
          ['sessions ended', endedText(done)],
          ['kept as it was', before],
        ],
      });
      await inMaintenance(io, (session) => pruneBefore(session, name, { inUse: [before] }))
        .then(({ dropped, kept }) => {
          for (const one of dropped) io.line(`Dropped ${one}, a copy from before an earlier time.`);
          for (const { why } of kept) io.line(`Kept: ${why}`);
        })
        .catch((error: unknown) =>
          io.line(`Older copies were not dropped: ${(error as Error).message}`, 'stderr'),
        );
    },
    rollback: async (io) => {
      if (!state.replaced) return KEPT;
      // it was cancelled in the moment in which it was done
      const { before } = names(io.run);
      const rolledBack = rolledBackName(name, io.run);
      await undoSwap(io, { live: name, before, rolledBack, run: io.run });
      io.line(`${name} is again what it was; the empty one is kept as ${rolledBack}.`);
      state.replaced = false;
      return undefined;
    },
  };
}
