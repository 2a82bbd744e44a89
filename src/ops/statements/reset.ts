import { z } from 'zod';
import { quoteIdent } from '../../db/ident.ts';
import { type CountersOf, statementsMeant, statementsResetters } from '../../db/queries/statements.ts';
import type { RowOf } from '../../db/query.ts';
import { extension } from '../../db/server.ts';
import type { Session } from '../../db/session.ts';
import { count, milliseconds, plural } from '../../text/units.ts';
import { defineOperation } from '../engine/operation.ts';
import type { Check, ResultTable } from '../engine/plan.ts';
import { statementsErrors } from './errors.ts';

const input = z.object({
  statement: z
    .string()
    .regex(/^-?\d{1,19}$/, 'expected a query id: a whole number')
    .optional(),
  database: z.string().min(1).optional(),
  all: z.boolean().default(false),
});

/** Of these the figures are shown before they are forgotten. */
const SHOWN = 20;

/** `pgdeck statements reset`: what a runbook means that deletes from pg_stat_statements. */
export const statementsReset = defineOperation({
  id: 'statements reset',
  input,
  fields: {
    statement: {
      title: 'Query id',
      hint: 'only this statement, by its queryid of pg_stat_statements',
      placeholder: 'queryid',
    },
    database: { title: 'Database', hint: 'only what was run in this database', placeholder: 'name' },
    all: { title: 'All', hint: 'every counter of the server, those of other databases too' },
  },
  plan: async ({ statement, database, all }, context) => {
    if (!all && statement === undefined && database === undefined) throw statementsErrors.nothingNamed();
    if (all && (statement !== undefined || database !== undefined)) throw statementsErrors.allAndOne();
    if (statement !== undefined && BigInt.asIntN(64, BigInt(statement)) !== BigInt(statement))
      throw statementsErrors.badId({ given: statement });
    const session = await context.session();
    const denied = statementsMeant.unavailable?.(session.server);
    if (denied) throw statementsErrors.unavailable({ reason: denied.reason, remedy: denied.remedy });
    const of: CountersOf = {
      database: database === undefined ? 0 : await oidOf(session, database),
      queryid: statement ?? '0',
    };
    const before = await session.run(statementsMeant, of);
    const resetters = await session.run(statementsResetters, undefined);
    const resetter = resetters.find((one) => one.arguments >= 3) ?? resetters[0];
    if (!all && (resetter === undefined || resetter.arguments < 3)) throw statementsErrors.onlyAll();
    const name = `${quoteIdent(extension(session.server, 'pg_stat_statements')?.schema ?? 'public')}.pg_stat_statements_reset`;
    const sql = all ? `SELECT ${name}()` : `SELECT ${name}(0, ${of.database}, ${of.queryid})`;
    const what =
      statement === undefined
        ? database === undefined
          ? 'every statement'
          : `the statements of ${database}`
        : `the statement ${statement}${database === undefined ? '' : ` in ${database}`}`;
    const entries = before[0]?.entries ?? 0;
    const subject = database ?? statement ?? 'all';
    return {
      operation: 'statements reset',
      title: `Reset the counters of ${what}`,
      subject,
      danger: all || database !== undefined ? 'type-name' : 'confirm',
      writes: true,
      server: context.place,
      input: {
        ...(statement !== undefined && { statement }),
        ...(database !== undefined && { database }),
        ...(all && { all }),
      },
      facts: [
        { label: 'Counters of', value: what },
        { label: 'Entries', value: count(entries) },
      ],
      ...(entries > 0 && { tables: [figuresOf(before)] }),
      checks: checksOf(resetter, context.target.user),
      steps:
        entries === 0
          ? []
          : [
              {
                id: 'reset',
                title: `Reset ${plural(entries, 'entry', 'entries')}`,
                preview: sql,
                atomic: true,
                run: async (io) => {
                  const own = await io.connect();
                  try {
                    // what it was is in the journal: there is no other way to have it again
                    const last = await own.run(statementsMeant, of);
                    io.record({ statements_before: last });
                    io.result(figuresOf(last));
                    await own.sql(sql);
                    const after = await own.run(statementsMeant, of);
                    const n = notReset(last, after);
                    if (n > 0) throw statementsErrors.stillThere({ n });
                  } finally {
                    await own.close();
                  }
                },
              },
            ],
      consequence:
        'What was counted is forgotten, and cannot be brought back: the figures of the 200 with the most time are kept in the journal, for people.',
      leaves: () => 'The counters may be reset, or be as they were: pgdeck show statements has them.',
      reaches: () => `${what[0]?.toUpperCase()}${what.slice(1)}: counted from nothing since now.`,
    };
  },
});

type Meant = RowOf<typeof statementsMeant>;

async function oidOf(session: Session, name: string): Promise<number> {
  const [row] = await session.sql('SELECT oid::int8::text AS oid FROM pg_database WHERE datname = $1', [
    name,
  ]);
  if (row === undefined) throw statementsErrors.noDatabase({ name });
  return Number(row.oid);
}

/** Those that go on being run are there again, with fewer calls. */
function notReset(before: readonly Meant[], after: readonly Meant[]): number {
  const calls = new Map(before.map((one) => [one.queryid, one.calls]));
  return after.filter(
    (one) => one.calls > 1 && one.calls > (calls.get(one.queryid) ?? Number.POSITIVE_INFINITY),
  ).length;
}

function figuresOf(rows: readonly Meant[]): ResultTable {
  return {
    title: 'Counted until now',
    columns: ['queryid', 'calls', 'total', 'rows', 'statement'],
    rows: rows
      .slice(0, SHOWN)
      .map((one) => [
        one.queryid ?? '-',
        count(one.calls),
        milliseconds(one.total_ms),
        count(one.rows),
        (one.query ?? '(hidden)').replace(/\s+/g, ' '),
      ]),
  };
}

function checksOf(resetter: RowOf<typeof statementsResetters> | undefined, user: string): Check[] {
  const undo: Check = {
    title: 'Undo',
    status: 'warn',
    detail:
      'There is none: counters cannot be set. Rates and rankings of others that read them begin anew, too.',
  };
  if (resetter?.may === true) return [undo];
  const grant = `GRANT EXECUTE ON FUNCTION ${resetter?.signature ?? 'pg_stat_statements_reset'} TO ${quoteIdent(user)}`;
  return [
    undo,
    {
      title: 'Rights',
      status: 'block',
      detail: `This role may not reset counters. A superuser can allow it: ${grant}`,
    },
  ];
}
