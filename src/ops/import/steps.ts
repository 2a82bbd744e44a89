import { quoteIdent, quoteRelation } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import type { Step, StepIo } from '../engine/plan.ts';
import { importErrors } from './errors.ts';
import type { ImportInput } from './input.ts';
import { leftOut } from './load/left-out.ts';
import { copySql, sendingOf } from './load/sending.ts';
import { BEGIN, type Made, type Making, make } from './load/transaction.ts';
import { type Finished, jsonOf, markdownOf, resultsOf } from './report.ts';
import { createTableSql } from './shape/derive.ts';
import { type LineFile, lineFile, writeNew } from './source/beside.ts';
import { shapeSum, withSource } from './source/moment.ts';
import type { Source } from './source/source.ts';
import type { Survey } from './survey/survey.ts';
import { tableOids } from './undo.ts';

/** How far a run has come. */
export interface State {
  made: Made | undefined;
  committed: boolean;
  rejects: { readonly path: string; readonly values: number } | undefined;
  report: string | undefined;
}

export interface Importing {
  readonly input: ImportInput;
  readonly file: string;
  readonly survey: Survey;
  readonly place: string;
  readonly database: string;
  readonly state: State;
  /** Without a password. */
  readonly url: string;
  /** Commands that stop the application and start it again; none where it is not known. */
  readonly restart: readonly string[];
}

export function importSteps(importing: Importing): Step[] {
  return [loadStep(importing), analyzeStep(importing), reportStep(importing)];
}

/** What is made and loaded, as it is shown. */
function previewOf({ tables, newSchema, schema, existing, before, after }: Making): string {
  return [
    ...BEGIN,
    ...(newSchema ? [`CREATE SCHEMA ${quoteIdent(schema)}`] : []),
    ...before,
    ...tables.flatMap((table) => [
      ...(existing ? [] : [createTableSql(table)]),
      copySql(
        table,
        sendingOf(table, new Set(table.columns.filter(({ generated }) => generated !== undefined))),
      ),
    ]),
    ...tables.flatMap(({ later }) =>
      later.filter(({ kind }) => kind !== 'foreign key').map(({ sql }) => sql),
    ),
    ...tables.flatMap(({ later }) =>
      later.filter(({ kind }) => kind === 'foreign key').map(({ sql }) => sql),
    ),
    ...after,
    'COMMIT;',
  ].join(';\n');
}

/** Of the files that a run writes. */
export const ENDINGS: readonly string[] = ['.rejects.jsonl', '.md', '.json'];

/** A name beside which the files of a run are put. */
const stemOf = ({ input }: Importing, io: StepIo): string =>
  io.here.files.resolve(input.report ?? `import-${io.run}`);

function loadStep(importing: Importing): Step {
  const { file, survey, state } = importing;
  return {
    id: 'import',
    title: `Load ${survey.making.tables.length === 1 ? 'the table' : `${survey.making.tables.length} tables`}, and compare every row`,
    preview: previewOf(survey.making),
    effect: survey.making.existing
      ? 'others can read the tables and not write to them'
      : 'nobody sees the tables before all of it is there',
    atomic: true,
    waits: true,
    run: async (io) => {
      const rejects = lineFile(`${stemOf(importing, io)}.rejects.jsonl`);
      if (survey.refused + survey.orphans > 0) io.record({ import_rejects: { file: rejects.path } });
      try {
        await withSource(io.here, file, (source) => load(importing, io, source, rejects));
        rejects.close();
      } catch (error) {
        if (!state.committed) rejects.remove();
        throw error;
      }
      if (rejects.lines > 0) state.rejects = { path: rejects.path, values: rejects.lines };
    },
  };
}

async function load(importing: Importing, io: StepIo, source: Source, rejects: LineFile): Promise<void> {
  const { file, survey, database, state } = importing;
  io.crashPoint('import:copied');
  if (shapeSum(source) !== survey.sum) throw importErrors.changed({ file });
  const session = await io.connect(database);
  try {
    for (const sql of BEGIN) await session.sql(sql);
    const { making, bad } = survey;
    const made = await make(
      {
        ...{ session, database: source.database, existing: making.existing, bad, signal: io.signal },
        orphans: leftOut(source.database, making.tables, bad, survey.columns),
        onReject: (reject) => rejects.add(JSON.stringify(reject)),
        mark: () => {
          const at = rejects.mark();
          return () => rejects.back(at);
        },
        onRows: teller(io, survey),
      },
      making,
      { line: (text) => io.line(text), crashPoint: (name) => io.crashPoint(name) },
    );
    io.signal.throwIfAborted();
    io.record({ import_made: await factsOf(session, making, database) });
    io.crashPoint('import:noted');
    await session.sql('COMMIT');
    state.committed = true;
    state.made = made;
    io.crashPoint('import:committed');
  } catch (error) {
    if (!state.committed && !session.lost) await session.sql('ROLLBACK').catch(() => {});
    throw error;
  } finally {
    await session.close();
  }
}

/** One bar for the rows of all tables: as many are sent as are compared. */
function teller(io: StepIo, { making, rows }: Survey) {
  const done = new Map<string, number>();
  let told = 0;
  return ({ name }: { readonly name: string }, n: number, phase: 'load' | 'compare') => {
    io.crashPoint(`import:${phase}`);
    done.set(`${phase} ${name}`, n);
    const now = performance.now();
    if (now - told < 100) return;
    told = now;
    const sum = [...done.values()].reduce((all, one) => all + one, 0);
    io.progress({
      label: making.existing ? 'rows sent and compared' : 'rows loaded and compared',
      done: sum,
      of: rows * 2,
      unit: 'rows',
    });
  };
}

/** What undo and recover need, and the transaction that it stands in. */
async function factsOf(session: Session, { schema, newSchema, existing, tables }: Making, database: string) {
  const [xact] = await session.sql('SELECT pg_current_xact_id()::text AS xid');
  const oids = await tableOids(session, schema, tables);
  return {
    ...{ xid: String(xact?.xid), database, schema, new_schema: newSchema, existing },
    tables: [...oids].map(([name, oid]) => ({ name, oid })),
  };
}

function analyzeStep({ survey: { making }, database }: Importing): Step {
  const statements = making.tables.map((table) => `ANALYZE ${quoteRelation(table)}`);
  return {
    id: 'analyze',
    title: 'Gather statistics of the tables',
    preview: `${statements.join(';\n')};`,
    late: true,
    run: async (io) => {
      const session = await io.connect(database);
      try {
        for (const sql of statements) {
          io.signal.throwIfAborted();
          await session.sql(sql);
        }
      } finally {
        await session.close();
      }
    },
  };
}

function reportStep(importing: Importing): Step {
  const { file, survey, place, state, url, restart } = importing;
  return {
    id: 'report',
    title: 'Write the report',
    preview: 'a file for people (.md) and one for programs (.json)',
    late: true,
    run: async (io) => {
      const { made } = state;
      if (made === undefined) return;
      const finished: Finished = {
        ...{ run: io.run, file, place, survey, made, rejects: state.rejects?.path },
      };
      for (const table of resultsOf(finished)) io.result(table);
      const stem = stemOf(importing, io);
      writeNew(`${stem}.md`, markdownOf(finished));
      writeNew(`${stem}.json`, jsonOf(finished));
      state.report = `${stem}.md`;
      io.line(`The report: ${stem}.md, ${stem}.json`);
      if (state.rejects !== undefined) io.line(`What had no place: ${state.rejects.path}`);
      io.line(`The application finds it with: DATABASE_URL=${url}`);
      if (restart.length > 0) io.line(`Once it is told so, restart it: ${restart.join(' && ')}`);
    },
  };
}
