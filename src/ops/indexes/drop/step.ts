import { fullName } from '../../../db/ident.ts';
import type { MaintenanceLock } from '../../../db/queries/maintain/locks.ts';
import type { Session } from '../../../db/session.ts';
import { bytes } from '../../../text/units.ts';
import { dropSql } from '../../concurrently/statement.ts';
import { runWatched } from '../../concurrently/wait.ts';
import { KEPT, type Step, type StepIo } from '../../engine/plan.ts';
import { type Patience, withLockRetries } from '../../maintain/shared/retry.ts';
import { lockTimeoutSql, statementPreview } from '../../maintain/shared/statement.ts';
import { indexesErrors } from '../errors.ts';
import { type KeptIndex, keptOf } from '../kept.ts';
import { type IndexFacts, indexDefinition } from '../queries/facts.ts';
import { factsOf, nothingLeft, type Shared } from '../shared.ts';
import { obstacleOf } from './obstacle.ts';

export interface DropWork extends Shared {
  readonly patience: Patience;
  /** Notes what it takes to have an index again; on disk when it returns. */
  readonly keep: (io: StepIo, kept: KeptIndex) => void;
}

/** Drops one index CONCURRENTLY, in short attempts where others are in the way. */
export function dropStep(work: DropWork, index: IndexFacts): Step {
  const { sessions, doubts, patience } = work;
  const name = fullName(index.schema, index.name);
  const table = fullName(index.table_schema, index.table_name);
  const id = `drop:${name}`;
  return {
    id,
    title: `Drop ${name}`,
    preview: statementPreview(dropSql(index), patience.lockTimeout),
    effect: `reads and writes continue; ~${bytes(index.est_bytes)} are free afterwards`,
    independent: true,
    run: async (io) => {
      const watcher = await sessions.watcher(io);
      const now = await factsOf(watcher, index.oid);
      if (now === undefined) return io.line(`${name} is gone by now.`);
      const obstacle = obstacleOf(now);
      if (obstacle !== undefined) throw indexesErrors.changed({ index: name, why: obstacle });
      if (now.schema !== index.schema || now.name !== index.name)
        throw indexesErrors.changed({ index: name, why: `it is called ${fullName(now.schema, now.name)}` });
      const wanted = {
        name: table,
        oids: [index.table_oid],
        mode: 'ShareUpdateExclusiveLock' as MaintenanceLock,
      };
      const look = async () => {
        const session = await sessions.watcher(io);
        // once it is marked, everybody who uses the table is waited for
        if ((await factsOf(session, index.oid))?.valid === false) wanted.mode = 'AccessExclusiveLock';
        return session;
      };
      await withLockRetries(io, { wanted, patience, look }, async () => {
        if (doubts.of(id) === undefined) {
          await keep(io, work, now);
          await doubts.begin(io, await sessions.watcher(io), id, {
            oid: index.table_oid,
            name: table,
            drops: index.oid,
          });
        }
        await runWatched(io, sessions, dropSql(index), {
          label: name,
          lockTimeout: patience.lockTimeout,
          lone: true,
        });
      });
      if ((await factsOf(await sessions.watcher(io), index.oid)) !== undefined)
        throw indexesErrors.stillThere({ index: name });
      doubts.settle(io, id);
      io.line(`${name} is dropped.`);
    },
    rollback: async (io) => {
      if (await nothingLeft(io, work, id)) return KEPT;
      throw indexesErrors.halfDropped({ index: name });
    },
  };
}

/** Notes the index before anything is done to it. Its definition waits behind whoever has locked the table. */
async function keep(io: StepIo, work: DropWork, facts: IndexFacts): Promise<void> {
  const { session } = await work.sessions.worker(io);
  const definition = facts.definition ?? (await definitionOf(session, work.patience.lockTimeout, facts));
  work.keep(io, keptOf(facts, definition));
}

async function definitionOf(session: Session, lockTimeout: number, { oid }: IndexFacts): Promise<string> {
  await session.sql(lockTimeoutSql(lockTimeout));
  const [row] = await session.run(indexDefinition, { oid });
  if (row?.definition == null) throw indexesErrors.changed({ index: String(oid), why: 'it is gone' });
  return row.definition;
}
