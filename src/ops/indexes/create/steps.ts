import { fullName, quoteRelation } from '../../../db/ident.ts';
import { reindexLeftovers } from '../../../db/queries/reindex/leftovers.ts';
import { bytes } from '../../../text/units.ts';
import { dropSql } from '../../concurrently/statement.ts';
import { CREATE_PHASES, runWatched } from '../../concurrently/wait.ts';
import { KEPT, type Step, type StepIo } from '../../engine/plan.ts';
import { type Patience, withLockRetries } from '../../maintain/shared/retry.ts';
import { lockTimeoutSql, statementPreview } from '../../maintain/shared/statement.ts';
import { indexesErrors } from '../errors.ts';
import { type IndexFacts, indexFacts } from '../queries/facts.ts';
import { swept, takeBack } from '../restore.ts';
import type { Shared } from '../shared.ts';
import { type Made, madeOf } from './made.ts';
import { flat, type Node } from './tree.ts';
import { createSql, type Wanted } from './wanted.ts';

/** What ON ONLY and ATTACH PARTITION wait for in one attempt: others queue behind them that long. */
export const PATIENCE: Patience = { lockTimeout: 3, wait: 60 };

export interface CreateWork extends Shared {
  readonly root: Node;
  readonly wanted: Wanted;
  /** Bytes, estimated. */
  readonly size: number;
  /** `SET search_path …`, where something of it is found by that. */
  readonly path: readonly string[];
  /** Notes an index that was made; on disk when it returns. */
  readonly note: (io: StepIo, made: Made) => void;
}

export function createSteps(work: CreateWork): Step[] {
  const { root } = work;
  const steps = stepsOf(work, root, undefined);
  return root.table.kind === 'p' ? [...steps, wholeStep(work)] : steps;
}

function stepsOf(work: CreateWork, node: Node, parent: Node | undefined): Step[] {
  return [
    ...(node.broken === undefined ? [] : [removeStep(work, node, node.broken)]),
    ...(node.there === undefined
      ? [node.table.kind === 'p' ? onlyStep(work, node, parent) : buildStep(work, node)]
      : []),
    ...(parent !== undefined && node.there?.partition_of == null && node.table.kind !== 'p'
      ? [attachStep(work, node, parent)]
      : []),
    ...(parent !== undefined &&
    node.table.kind === 'p' &&
    node.there !== undefined &&
    node.there.partition_of === null
      ? [attachStep(work, node, parent)]
      : []),
    ...node.children.flatMap((child) => stepsOf(work, child, node)),
  ];
}

const nameOf = ({ table, name }: Node) => fullName(table.schema, name);
const indexOf = ({ table, name }: Node) => quoteRelation({ schema: table.schema, name });

/** An index of the same definition that an earlier run has left: seen in the plan, and not while somebody builds it. */
function removeStep({ sessions, doubts }: CreateWork, node: Node, broken: IndexFacts): Step {
  const name = fullName(broken.schema, broken.name);
  const id = `remove:${name}`;
  return {
    id,
    title: `Remove ${name}, which is invalid`,
    preview: statementPreview(dropSql(broken), 0),
    effect: 'reads and writes continue',
    run: async (io) => {
      const watcher = await sessions.watcher(io);
      const found = await watcher.run(reindexLeftovers, { oids: [node.table.oid] });
      const now = found.find(({ oid }) => oid === broken.oid);
      if (now === undefined) return io.line(`${name} is gone, or valid, by now.`);
      if (now.builder !== null) throw indexesErrors.beingBuilt({ index: name, pid: now.builder });
      await doubts.begin(io, watcher, id, { oid: node.table.oid, name: node.shown, drops: broken.oid });
      await runWatched(io, sessions, dropSql(broken), { label: name, lockTimeout: 0, lone: true });
      doubts.settle(io, id);
    },
    // it was invalid before
    rollback: async (io) => {
      doubts.settle(io, id);
      return KEPT;
    },
  };
}

function buildStep(work: CreateWork, node: Node): Step {
  const { sessions, doubts, wanted, size, path } = work;
  const name = nameOf(node);
  const id = `create:${name}`;
  const sql = createSql(wanted, { name: node.name, table: node.table, concurrently: true });
  const leaves = Math.max(1, flat(work.root).filter(({ table }) => table.kind !== 'p').length);
  return {
    id,
    title: `Create ${name}`,
    preview: [...path.map((one) => `${one};`), statementPreview(sql, 0)].join('\n'),
    effect: `reads and writes continue${size === 0 ? '' : `; about ${bytes(size / leaves)}`}`,
    // of a partitioned table the others are made all the same, and the same command goes on
    independent: leaves > 1,
    run: async (io) => {
      const watcher = await sessions.watcher(io);
      await doubts.begin(io, watcher, id, { oid: node.table.oid, name: node.shown, creates: node.name });
      await swept(io, work, id, async () => {
        const { session } = await sessions.worker(io);
        for (const one of path) await session.sql(one);
        await runWatched(io, sessions, sql, {
          label: name,
          lockTimeout: 0,
          lone: true,
          phases: CREATE_PHASES,
        });
      });
      const made = await found(work, io, node);
      if (made?.valid !== true)
        throw indexesErrors.notAsMeant({
          index: name,
          why: made === undefined ? 'it is not there' : 'it is not valid',
        });
      work.note(io, madeOf(made));
      doubts.settle(io, id);
      io.line(`${name} is valid.`);
    },
    rollback: (io) => takeBack(io, work, id),
  };
}

/** The index of a partitioned table, empty and invalid until each partition has its own. */
function onlyStep(work: CreateWork, node: Node, parent: Node | undefined): Step {
  const { wanted, path } = work;
  const name = nameOf(node);
  const sql = [
    createSql(wanted, { name: node.name, table: node.table, only: true, concurrently: false }),
    ...(parent === undefined ? [] : [attachSql(parent, node)]),
  ];
  return {
    id: `create:${name}`,
    title: `Create ${name}, for the partitions to be attached to`,
    preview: [...path, lockTimeoutSql(PATIENCE.lockTimeout), ...sql].map((one) => `${one};`).join('\n'),
    effect: 'whoever writes waits for a moment; it is valid when each partition has its own',
    run: async (io) => {
      await inAttempts(work, io, node, [...path, lockTimeoutSql(PATIENCE.lockTimeout)], sql);
      const made = await found(work, io, node);
      if (made === undefined) throw indexesErrors.notAsMeant({ index: name, why: 'it is not there' });
      work.note(io, madeOf(made));
    },
    // the same command goes on with it
    rollback: async () => KEPT,
  };
}

const attachSql = (parent: Node, node: Node) =>
  `ALTER INDEX ${indexOf(parent)} ATTACH PARTITION ${indexOf(node)}`;

function attachStep(work: CreateWork, node: Node, parent: Node): Step {
  const sql = attachSql(parent, node);
  return {
    id: `attach:${nameOf(node)}`,
    title: `Attach ${nameOf(node)}`,
    preview: statementPreview(sql, PATIENCE.lockTimeout),
    effect: 'a lock for a moment',
    independent: true,
    run: async (io) => {
      if (node.there !== undefined) work.note(io, madeOf(node.there, true));
      await inAttempts(work, io, node, [lockTimeoutSql(PATIENCE.lockTimeout)], [sql]);
    },
    rollback: async () => KEPT,
  };
}

/** In one transaction, in short attempts: they lock writers out for a moment. */
async function inAttempts(
  { sessions }: CreateWork,
  io: StepIo,
  node: Node,
  before: readonly string[],
  statements: readonly string[],
): Promise<void> {
  const wanted = { name: node.shown, oids: [node.table.oid], mode: 'AccessExclusiveLock' as const };
  await withLockRetries(io, { wanted, patience: PATIENCE, look: () => sessions.watcher(io) }, async () => {
    const { session } = await sessions.worker(io);
    for (const one of before) await session.sql(one);
    await session.sql('BEGIN');
    try {
      for (const one of statements) await session.sql(one);
      await session.sql('COMMIT');
    } catch (error) {
      await session.sql('ROLLBACK').catch(() => {});
      throw error;
    }
  });
}

/** Whether all of it is valid at the end. */
function wholeStep({ root, sessions }: CreateWork): Step {
  const name = nameOf(root);
  return {
    id: 'whole',
    title: `Look whether ${name} is valid`,
    preview: 'indexes of the partitions that are attached and valid',
    effect: 'reads only',
    run: async (io) => {
      const tables = flat(root).map(({ table }) => table.oid);
      const all = await (await sessions.watcher(io)).run(indexFacts, { oids: [], tables });
      const own = all.find((one) => one.table_oid === root.table.oid && one.name === root.name);
      if (own?.valid === true) return io.line(`${name} is valid.`);
      const attached = new Set(
        all.filter((one) => one.valid && one.partition_of !== null).map((one) => one.table_oid),
      );
      const missing = flat(root).filter(({ table }) => table.kind !== 'p' && !attached.has(table.oid));
      throw indexesErrors.parentInvalid({ index: name, missing: missing.map(({ shown }) => shown) });
    },
  };
}

async function found(
  { sessions }: CreateWork,
  io: StepIo,
  { table, name }: Node,
): Promise<IndexFacts | undefined> {
  const all = await (await sessions.watcher(io)).run(indexFacts, { oids: [], tables: [table.oid] });
  return all.find((one) => one.name === name);
}
