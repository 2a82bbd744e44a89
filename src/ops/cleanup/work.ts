import { join } from 'node:path';
import type { Session } from '../../db/session.ts';
import { bytes, plural } from '../../text/units.ts';
import type { RowsPartition } from '../archive/rows/manifest.ts';
import { RowsWriter } from '../archive/rows/writer.ts';
import { markRecovered } from '../engine/journal/journal.ts';
import { type Run, readRun } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { StepIo } from '../engine/plan.ts';
import { safeName } from '../repository/names.ts';
import { settle, type Taking } from '../rows/batch.ts';
import { type Keeper, RowsCounter } from '../rows/counter.ts';
import { ownColumns } from '../rows/put.ts';
import type { Leaf } from '../rows/queries/tables.ts';
import { ownPath, rowsSession } from '../rows/session.ts';
import { copySql, deleteSql, digestSql } from '../rows/sql.ts';
import { finishedArchive } from './archive.ts';
import { prefixOf } from './facts.ts';
import { unreferred } from './graph.ts';
import type { Look } from './look.ts';
import type { RangePartition } from './queries/table.ts';
import { isOld, shown, type Task } from './task.ts';

/** What all tables of a run share. */
export class Shared {
  readonly context: OpContext;
  readonly wait: number;
  /** Id of the run that this one goes on with. */
  readonly resumes: string | undefined;
  works: readonly Work[] = [];
  /** Id of this run, once it has noted what it is about. */
  run: string | undefined;
  #session: Session | undefined;
  #noted = false;

  constructor(given: Pick<Shared, 'context' | 'wait' | 'resumes'>) {
    this.context = given.context;
    this.wait = given.wait;
    this.resumes = given.resumes;
  }

  async session(io: StepIo): Promise<Session> {
    if (this.#session === undefined || this.#session.lost) this.#session = await rowsSession(io);
    return this.#session;
  }

  /** The run that this one goes on with. */
  get before(): Run | undefined {
    return this.resumes === undefined ? undefined : readRun(this.context.journal, this.resumes);
  }

  /**
   * In the journal is what all tables are about, before anything is done; what an earlier run has left unfinished is
   * settled first, and this run takes its place. Throws {@link OpError} or DbError.
   */
  async begin(io: StepIo): Promise<void> {
    if (this.#noted) return;
    const { before, works, context } = this;
    const facts: Record<string, unknown> = {};
    for (const work of works) {
      facts[`${work.prefix}task`] = work.task.facts;
      const noted = work.task.before;
      if (before === undefined || noted === undefined) continue;
      const manifest = await finishedArchive(await this.session(io), before, noted, context.now());
      const directory = noted.archive?.directory;
      // one that was never begun is begun by this run
      if (manifest === undefined || directory === undefined) continue;
      work.directory = directory;
      facts[`${work.prefix}archive`] = { directory, finished: true, base: manifest.parts.length };
      if (noted.detached !== undefined) facts[`${work.prefix}detached`] = noted.detached;
    }
    if (before !== undefined) facts.resumes = before.id;
    io.record(facts);
    this.run = io.run;
    if (before?.status === 'interrupted') markRecovered(context.journal, before.id, io.run);
    this.#noted = true;
  }
}

/** What a run is about to do with one table, and how far it has come. */
export class Work {
  readonly task: Task;
  readonly look: Look;
  readonly prefix: string;
  readonly shared: Shared;
  /** Partitions that go as a whole. */
  readonly drops: readonly RangePartition[];
  /** Rows that are to go; undefined where they were not all counted. */
  readonly expected: number | undefined;
  readonly serverVersion: string;
  /** Tables and partitions that rows are gone from. */
  readonly touched = new Map<number, Leaf>();
  /** Directory of the archive, once there is one. */
  directory: string | undefined;
  keeper: Keeper | undefined;
  writer: RowsWriter | undefined;
  /** A partition that was detached and is not dropped yet. */
  detached: RowsPartition | undefined;
  /** How its steps have ended, and how many there are. */
  readonly kinds: string[] = [];
  steps = 1;
  /** Rows that were in the archive when this run began. */
  #had = 0;

  constructor(
    given: Pick<Work, 'task' | 'look' | 'shared' | 'drops' | 'expected' | 'serverVersion'>,
    at: number,
  ) {
    this.task = given.task;
    this.look = given.look;
    this.shared = given.shared;
    this.drops = given.drops;
    this.expected = given.expected;
    this.serverVersion = given.serverVersion;
    this.prefix = prefixOf(at);
  }

  get name(): string {
    return shown(this.task.table);
  }

  /** Rows that this run has deleted. */
  get rows(): number {
    return (this.keeper?.rows ?? 0) - this.#had;
  }

  /** Tables and partitions whose rows go one by one. */
  get leaves(): readonly Leaf[] {
    const whole = new Set(this.drops.map(({ oid }) => oid));
    return this.look.leaves.map(({ leaf }) => leaf).filter(({ oid }) => !whole.has(oid));
  }

  get columns(): readonly string[] {
    return this.look.columns.map(({ name }) => name);
  }

  /** What is compared when rows come back. */
  get own(): readonly string[] {
    return ownColumns(this.look.columns);
  }

  taking(searchPath: string): Taking {
    const { task, look, prefix, leaves } = this;
    const { archives } = task.facts;
    const condition = isOld(task.facts) + unreferred(look.graph);
    const columns = archives === null ? undefined : this.columns;
    return {
      ...{ table: this.name, leaves, condition, prefix, searchPath },
      indexed: look.graph.every(({ depth, key }) => depth > 1 || key.indexed),
      sql: (leaf, places) => deleteSql(leaf, condition, places, columns),
      ...(archives !== null && {
        copy: (leaf, places) => copySql(leaf, condition, places, this.columns),
        digest: (leaf, places) => digestSql(leaf, condition, places, this.own),
      }),
      known: {
        oids: look.relations.map(({ oid }) => oid),
        keys: look.graph.map(({ key }) => key.oid),
      },
      gone: (leaf) => void this.touched.set(leaf.oid, leaf),
    };
  }

  /** Where the rows go. Throws {@link OpError}. */
  async begin(io: StepIo): Promise<Keeper> {
    await this.shared.begin(io);
    if (this.keeper !== undefined) return this.keeper;
    const { archives } = this.task.facts;
    if (archives === null) {
      this.keeper = new RowsCounter();
      return this.keeper;
    }
    this.writer = this.directory === undefined ? await this.#fresh(io, archives) : await this.#again(io);
    this.keeper = this.writer;
    this.#had = this.writer.rows;
    return this.writer;
  }

  async #fresh(io: StepIo, archives: string): Promise<RowsWriter> {
    const { table, facts } = this.task;
    const directory = join(archives, `${safeName(`${table.schema}.${table.name}`)}_${io.run}`);
    this.directory = directory;
    io.record({ [`${this.prefix}archive`]: { directory, finished: false, base: 0 } });
    return RowsWriter.begin(
      directory,
      {
        what: 'deleted',
        table: { schema: table.schema, name: table.name },
        columns: this.look.columns.map(({ name, type, generated }) => ({ name, type, generated })),
        searchPath: await ownPath(io),
        reason: `${facts.column} before ${facts.cutoff}`,
        run: io.run,
        server: this.shared.context.place,
        serverVersion: this.serverVersion,
      },
      this.shared.context.now(),
    );
  }

  async #again(io: StepIo): Promise<RowsWriter> {
    const directory = this.directory as string;
    const writer = await RowsWriter.again(directory);
    io.record({ [`${this.prefix}archive`]: { directory, finished: false, base: writer.parts } });
    return writer;
  }

  /**
   * At the end of a step: before the last one the archive stays unfinished, since more comes into it. Throws
   * {@link OpError}.
   */
  async rest(io: StepIo): Promise<void> {
    if (this.kinds.length + 1 >= this.steps) await this.finish(io);
    else if (this.keeper !== undefined) await settle(io, this.keeper, this.prefix);
  }

  /** The archive can be read from now on. Throws {@link OpError}. */
  async finish(io: StepIo): Promise<void> {
    const { keeper, writer, prefix } = this;
    if (keeper === undefined) return;
    await settle(io, keeper, prefix);
    if (writer === undefined) return;
    if (writer.parts === 0) {
      await writer.discard();
      this.directory = undefined;
      this.keeper = undefined;
      this.writer = undefined;
      io.record({ [`${prefix}archive`]: null });
      return;
    }
    await writer.end(this.shared.context.now());
    io.record({
      [`${prefix}archive`]: { directory: writer.directory, finished: true, base: writer.parts },
    });
    io.line(
      `${plural(writer.rows, 'row')} in ${plural(writer.parts, 'part')} (${bytes(writer.bytes)}): ${writer.directory}`,
    );
  }
}
