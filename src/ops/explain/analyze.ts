import { z } from 'zod';
import { DbError } from '../../db/errors.ts';
import { offText, shareText } from '../../db/explain/lines.ts';
import { readPlan } from '../../db/explain/plan.ts';
import { parametersOf } from '../../db/explain/text.ts';
import { timesOf, treeRows } from '../../db/explain/tree.ts';
import { withoutPasswords } from '../../text/passwords.ts';
import { count, plural } from '../../text/units.ts';
import { poolerChecks } from '../database/pooler.ts';
import { defineOperation } from '../engine/operation.ts';
import { Outcome } from '../engine/outcome.ts';
import type { Check, ResultTable, Step, StepIo } from '../engine/plan.ts';
import { explainErrors } from './errors.ts';
import { type Kind, kindOfStatement } from './kind.ts';
import { failureText, ownPath, type Subject, subjectOf } from './subject.ts';

const input = z.object({
  sql: z.string().min(1).optional(),
  file: z.string().min(1).optional(),
  statement: z.string().min(1).optional(),
  timeout: z
    .number()
    .int()
    .min(1, 'expected 1 or more')
    .max(86_400, 'expected a day (86400) at most')
    .default(30),
});

/** Runs a statement for its plan, in a transaction that is rolled back whatever becomes of it. */
export const explainAnalyze = defineOperation({
  id: 'explain analyze',
  input,
  fields: {
    sql: { title: 'Statement', hint: 'one statement, with values where it has parameters', argument: true },
    file: { title: 'File', hint: 'a file with the statement, instead', placeholder: 'file' },
    statement: {
      title: 'Query id',
      hint: 'one of pg_stat_statements, where it has no parameters',
      placeholder: 'queryid',
    },
    timeout: { title: 'Timeout', hint: 'seconds after which the server stops it', placeholder: 'seconds' },
  },
  plan: async (wish, context) => {
    const subject = await subjectOf(wish, context);
    const text = subject.text.trim().replace(/;\s*$/, '');
    if (parametersOf(text).size > 0) throw explainErrors.parameters();
    const { session, path: own } = await ownPath(context, subject.database);
    const kind = await kindOfStatement(text, session);
    const path = subject.path ?? own;
    const plain = kind.reasons.length === 0;
    return {
      operation: 'explain analyze',
      title: `Run ${subject.name} in ${subject.database} for its plan`,
      subject: subject.database,
      danger: plain ? 'none' : 'type-name',
      writes: !plain,
      server: context.place,
      input: {
        // what is recorded stays: a text with a password in it does not
        ...(wish.sql !== undefined && withoutPasswords(wish.sql) === wish.sql && { sql: wish.sql }),
        ...(wish.file !== undefined && { file: wish.file }),
        ...(wish.statement !== undefined && { statement: wish.statement }),
        timeout: wish.timeout,
      },
      facts: [
        { label: 'Server', value: `${context.place}, PostgreSQL ${session.server.version}` },
        { label: 'Database', value: subject.database },
        { label: 'Transaction', value: `${kind.writes ? 'may write' : 'read-only'}, rolled back at the end` },
        { label: 'Timeout', value: plural(wish.timeout, 'second') },
        ...(subject.ranBy === undefined ? [] : [{ label: 'Was run by', value: subject.ranBy }]),
      ],
      checks: [...(await poolerChecks(context, session)), ...checksOf(kind, session.server.standby)],
      steps: [runStep(subject, text, { path, writes: kind.writes, timeout: wish.timeout })],
      ...(!plain && {
        consequence: `The statement is run, and rolled back. Not rolled back: numbers that sequences have given, and what functions do outside of the database.`,
      }),
      leaves: () => 'The transaction was rolled back: no row was changed.',
      reaches: () => 'The transaction was rolled back: no row was changed.',
    };
  },
});

function checksOf({ writes, reasons }: Kind, standby: boolean): Check[] {
  const run: Check = {
    title: 'Runs',
    status: 'warn',
    detail:
      'The statement is run in full: it takes the time, the reads and the locks that it takes. What the functions ' +
      'that it calls do inside, and what domains and policies call, is not looked at.',
  };
  const refused: Check = {
    title: 'Database',
    status: 'block',
    detail: 'This server is a standby, which cannot be written to: connect to its primary.',
  };
  return [
    run,
    ...reasons.map((detail): Check => ({ title: 'More than a SELECT', status: 'warn', detail })),
    ...(writes && standby ? [refused] : []),
  ];
}

interface How {
  readonly path: string;
  readonly writes: boolean;
  /** Seconds. */
  readonly timeout: number;
}

function runStep(subject: Subject, text: string, { path, writes, timeout }: How): Step {
  const begin = `BEGIN READ ${writes ? 'WRITE' : 'ONLY'}`;
  const set = `SET LOCAL statement_timeout = '${timeout}s'`;
  const explain = `EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) ${text}`;
  return {
    id: 'run',
    title: `Run it in ${subject.database}`,
    preview: withoutPasswords(`${begin};\n${set};\n${explain};\nROLLBACK;`),
    effect: writes ? 'rows that it changes are locked meanwhile' : 'as the statement itself',
    atomic: true,
    waits: true,
    run: async (io: StepIo) => {
      const session = await io.connect(subject.database, 'migration');
      try {
        await session.sql(begin);
        await session.sql(set);
        await session.sql("SELECT set_config('search_path', $1, true)", [path]);
        // the server refuses a second command in it
        const [row] = await session.single(explain);
        // conditions of it quote what the statement says
        const { plans, raw } = readPlan(hidden(readPlan(row?.['QUERY PLAN']).raw));
        io.result(planTable(plans));
        return new Outcome({
          kind: 'plan',
          facts: { plan: raw },
          ok: true,
          text: `It was ${timesOf(plans)}.`,
        });
      } catch (error) {
        if (error instanceof DbError && error.kind !== 'lost')
          throw new DbError(error.kind, withoutPasswords(failureText(subject, error)), {
            ...(error.code !== undefined && { code: error.code }),
          });
        throw error;
      } finally {
        if (!session.lost) await session.sql('ROLLBACK').catch(() => undefined);
        await session.close();
      }
    },
  };
}

/** The same without what is written as a password in any text of it. */
function hidden(value: unknown): unknown {
  if (typeof value === 'string') return withoutPasswords(value);
  if (Array.isArray(value)) return value.map(hidden);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, hidden(one)]));
}

/** The tree as a table: what stands in it is cleaned when it is shown. */
function planTable(plans: Parameters<typeof treeRows>[0]): ResultTable {
  const rows = treeRows(plans).map((row) => [
    `${shareText(row.percent)}${row.slow ? '!' : ''}`,
    count(row.planned),
    row.never ? 'never' : count(row.real),
    `${offText(row.off)}${row.wrong ? '!' : ''}`,
    `${'. '.repeat(row.depth)}${[row.title, ...row.details].join('; ')}`,
  ]);
  return { title: 'Plan', columns: ['time', 'rows', 'real', 'off', 'node'], rows };
}
