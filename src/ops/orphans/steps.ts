import { join } from 'node:path';
import { fullName, quoteRelation } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { bytes, exact, plural } from '../../text/units.ts';
import { RowsWriter } from '../archive/rows/writer.ts';
import type { OpContext } from '../engine/operation.ts';
import { KEPT, type Step, type StepIo } from '../engine/plan.ts';
import { safeName } from '../repository/names.ts';
import { settle } from '../rows/batch.ts';
import { removeRows } from '../rows/remove.ts';
import { ownPath, rowsSession } from '../rows/session.ts';
import { deleteSql } from '../rows/sql.ts';
import { orphansErrors } from './errors.ts';
import type { KeyFacts } from './facts.ts';
import { type Key, shown } from './key.ts';
import { type Removal, takingOf } from './run/batch.ts';
import { addSql, alter, findKey, isSame, isViolation, LOCK_SECONDS, validateSql } from './run/constraint.ts';
import { countSql, orphanCondition, setNullSql } from './sql.ts';

/** Rounds of removing and validating: rows may come between where the key cannot be there first. */
const ROUNDS = 3;
/** Passes over a table that find rows: more means that they come as fast as they go. */
const PASSES = 10;

/** What a run is about to do, and how far it has come. */
export class Work {
  readonly key: Key;
  readonly removal: Removal;
  /** Directory in which the archive gets one of its own. */
  readonly archives: string;
  readonly wait: number;
  readonly expected: number | undefined;
  readonly context: Pick<OpContext, 'place' | 'now'>;
  writer: RowsWriter | undefined;
  /** The catalog has changed. */
  keyChanged = false;
  #session: Session | undefined;
  #noted = false;

  constructor(given: Pick<Work, 'key' | 'removal' | 'archives' | 'wait' | 'expected' | 'context'>) {
    this.key = given.key;
    this.removal = given.removal;
    this.archives = given.archives;
    this.wait = given.wait;
    this.expected = given.expected;
    this.context = given.context;
  }

  get facts(): KeyFacts {
    const { table, name, columns, definition, comment, shape, there } = this.key;
    return {
      ...{ schema: table.schema, table: table.name, name, definition, comment, shape },
      columns: [...columns],
      was: there === undefined ? 'missing' : 'not_valid',
    };
  }

  /** Rows that were taken out. */
  get rows(): number {
    return this.writer?.rows ?? 0;
  }

  async session(io: StepIo): Promise<Session> {
    if (this.#session === undefined || this.#session.lost) this.#session = await rowsSession(io);
    return this.#session;
  }

  /** In the journal is what the key was like, before anything is done. */
  note(io: StepIo): void {
    if (!this.#noted) io.record({ key: this.facts });
    this.#noted = true;
  }
}

/** The key is there before the rows go, so that no others come. */
export function addStep(work: Work): Step {
  const { key } = work;
  const sql = addSql(work.facts, false);
  return {
    id: 'add',
    title: `Add ${key.name} as NOT VALID, so that no new orphans come`,
    preview: `SET lock_timeout = '${LOCK_SECONDS}s';\n${sql};`,
    effect: `writers to ${shown(key.table)} and ${shown(key.parent)} wait for a moment`,
    atomic: true,
    run: async (io) => {
      const session = await work.session(io);
      await refuseOther(session, work.facts);
      work.note(io);
      await alter(io, session, {
        ...{ sql, table: key.table, oids: [key.table.oid, key.parent.oid] },
        ...{ mode: 'ShareRowExclusiveLock', wait: work.wait },
      });
      work.keyChanged = true;
    },
  };
}

async function refuseOther(session: Session, facts: KeyFacts): Promise<void> {
  const found = await findKey(session, facts);
  const expected =
    facts.was === 'missing' ? found === undefined : found !== undefined && isSame(found, facts);
  if (!expected)
    throw orphansErrors.otherKey({ key: facts.name, table: fullName(facts.schema, facts.table) });
}

export function rowsStep(work: Work): Step {
  const { removal, key } = work;
  const leaf = removal.leaves[0] ?? key.table;
  const names = removal.columns;
  const sql =
    removal.how === 'deleted'
      ? deleteSql(leaf, orphanCondition(key), '{…}', names)
      : setNullSql(key, leaf, '{…}', names);
  const what = removal.how === 'deleted' ? 'delete' : 'set NULL';
  return {
    id: 'rows',
    title: `Archive and ${what} ${work.expected === undefined ? 'the rows' : plural(work.expected, 'row')} of ${shown(key.table)}, batch by batch`,
    preview: `BEGIN;\nSELECT … FROM ${quoteRelation(leaf)} … FOR UPDATE SKIP LOCKED;\n${sql};\n-- to ${join(work.archives, '…')}, forced to the disk\nCOMMIT;`,
    effect: 'reads and writes of other rows continue',
    atomic: false,
    run: async (io) => {
      work.note(io);
      await takeOut(io, work, work.expected);
    },
    rollback: async (io) => {
      const { writer } = work;
      if (writer === undefined) return KEPT;
      await settle(io, writer, '');
      await finish(io, work);
      return KEPT;
    },
  };
}

async function takeOut(io: StepIo, work: Work, expected: number | undefined): Promise<void> {
  const { removal } = work;
  const session = await work.session(io);
  work.writer ??= await begun(io, work);
  const taking = takingOf(removal, work.writer.searchPath);
  await removeRows(io, session, work.writer, taking, { expected, wait: work.wait, passes: PASSES });
  io.crashPoint('rows:before-manifest');
  await finish(io, work);
}

async function begun(io: StepIo, { archives, key, removal, context }: Work): Promise<RowsWriter> {
  const { table } = key;
  const directory = join(archives, `${safeName(`${table.schema}.${table.name}`)}_${io.run}`);
  io.record({ archive: { directory, what: removal.how, finished: false } });
  return RowsWriter.begin(
    directory,
    {
      what: removal.how,
      table: { schema: table.schema, name: table.name },
      columns: removal.described,
      searchPath: await ownPath(io),
      reason: `${key.name}: ${key.definition}`,
      run: io.run,
      server: context.place,
      serverVersion: removal.serverVersion,
    },
    context.now(),
  );
}

/** The archive can be read from now on. Throws {@link OpError}. */
async function finish(io: StepIo, { writer, removal, context }: Work): Promise<void> {
  if (writer === undefined) return;
  if (writer.parts === 0) {
    await writer.discard();
    io.record({ archive: null });
    return;
  }
  await writer.end(context.now());
  io.record({ archive: { directory: writer.directory, what: removal.how, finished: true } });
  io.line(
    `${plural(writer.rows, 'row')} in ${plural(writer.parts, 'part')} (${bytes(writer.bytes)}): ${writer.directory}`,
  );
}

/** `valid`: the key cannot be there NOT VALID, and is added with all rows checked at once. */
export function validateStep(work: Work, valid: boolean): Step {
  const { key } = work;
  const sql = valid ? addSql(work.facts, true) : validateSql(work.facts);
  const both = `${shown(key.table)} and ${shown(key.parent)}`;
  return {
    id: 'validate',
    title: valid ? `Add ${key.name}` : `Validate ${key.name}`,
    preview: `SET lock_timeout = '${LOCK_SECONDS}s';\n${sql};`,
    effect: valid
      ? `writers to ${both} wait until all rows are checked`
      : 'reads and writes continue; the server does not tell how far it is',
    atomic: true,
    run: async (io) => {
      const session = await work.session(io);
      work.note(io);
      if (valid) await refuseOther(session, work.facts);
      for (let round = 1; ; round++)
        try {
          await alter(io, session, {
            ...{ sql, table: key.table, oids: [key.table.oid, key.parent.oid] },
            ...{ mode: valid ? 'ShareRowExclusiveLock' : 'ShareUpdateExclusiveLock', wait: work.wait },
          });
          break;
        } catch (error) {
          if (!isViolation(error)) throw error;
          if (round === ROUNDS || work.expected === 0)
            throw orphansErrors.stillThere({ key: key.name, table: shown(key.table) });
          io.line(`New rows of ${shown(key.table)} break ${key.name}: they are taken out, too.`);
          await takeOut(io, work, undefined);
        }
      work.keyChanged = true;
      const found = await findKey(session, work.facts);
      if (found?.valid !== true) throw orphansErrors.notValid({ key: key.name });
    },
  };
}

/** Counts only; it fails where there are any. */
export function countStep(key: Key): Step {
  return {
    id: 'count',
    title: `Count the rows of ${shown(key.table)} that break ${key.name}`,
    preview: `${countSql(key)};`,
    effect: 'reads only',
    run: async (io) => {
      const session = await rowsSession(io);
      const [row] = await session.sql(countSql(key));
      const rows = Number(row?.rows);
      io.result({
        title: 'Orphans',
        columns: ['table', 'key', 'rows'],
        rows: [[shown(key.table), key.name, exact(rows)]],
      });
      if (rows > 0) throw orphansErrors.remain({ rows, table: shown(key.table) });
    },
  };
}
