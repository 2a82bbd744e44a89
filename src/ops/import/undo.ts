import { z } from 'zod';
import { quoteIdent, quoteRelation } from '../../db/ident.ts';
import type { Session } from '../../db/session.ts';
import { exact, plural } from '../../text/units.ts';
import { recoverSteps } from '../app/steps.ts';
import { stoppedIn } from '../app/stopped.ts';
import type { Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check, Plan, Step } from '../engine/plan.ts';
import { toldPlan } from '../engine/told.ts';
import { transactionFate } from '../rows/queries/tables.ts';
import { importErrors } from './errors.ts';
import { destinationKeys } from './queries/destination.ts';

const madeSchema = z.object({
  xid: z.string(),
  database: z.string(),
  schema: z.string(),
  new_schema: z.boolean(),
  existing: z.boolean(),
  tables: z.array(z.object({ name: z.string(), oid: z.number() })),
});
type Made = z.output<typeof madeSchema>;

/** Drops what a run has made, or empties the tables that it has loaded. Throws {@link OpError}. */
export async function undoImport(run: Run, context: OpContext): Promise<Plan> {
  const made = madeSchema.safeParse(run.facts.import_made).data;
  if (made === undefined) throw importErrors.noRecord({ run: run.id });
  const session = await context.session(made.database);
  if (run.status !== 'done' && (await fateOf(session, made)) === 'aborted')
    throw importErrors.notCommitted({ run: run.id });
  const { there, checks } = await lookAt(session, made);
  const state = { done: false };
  const what = made.existing ? 'emptied' : 'dropped';
  return {
    operation: 'import sqlite',
    title: `Take back what ${run.id} has imported`,
    subject: made.database,
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: { ...run.input },
    facts: [
      { label: 'Run', value: `${run.id}, ${run.started_at.slice(0, 16)}Z: ${run.subject}` },
      {
        label: 'Tables',
        value: there.map(({ name, rows }) => `${name} (${exact(rows)})`).join(', ') || 'none is there',
      },
    ],
    checks,
    steps: there.length === 0 && !made.new_schema ? [] : [takeBack(made, there, state)],
    consequence: `${plural(there.length, 'table')} of ${made.schema} ${there.length === 1 ? 'is' : 'are'} ${what}, with every row that came since.`,
    locks: [{ family: 'import', database: made.database }],
    leaves: () => (state.done ? undefined : 'What was imported is there.'),
    reaches: () => `What was imported is ${what}.`,
  };
}

/** What tables of a schema are now, by their names. */
export async function tableOids(
  session: Session,
  schema: string,
  tables: readonly { readonly name: string }[],
): Promise<ReadonlyMap<string, number>> {
  const rows = await session.sql(
    'SELECT c.relname::text AS name, c.oid::int8::text AS oid FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace WHERE n.nspname = $1 AND c.relname = ANY($2::text[])',
    [schema, tables.map(({ name }) => name)],
  );
  return new Map(rows.map(({ name, oid }) => [String(name), Number(oid)]));
}

async function lookAt(session: Session, { schema, tables, existing }: Made) {
  const checks: Check[] = [];
  const there: { name: string; rows: number }[] = [];
  const now = await tableOids(session, schema, tables);
  for (const { name, oid } of tables) {
    const found = now.get(name);
    if (found === undefined) continue;
    if (found !== oid) {
      checks.push({ title: name, status: 'warn', detail: 'It is another table by now, and is left alone.' });
      continue;
    }
    const [count] = await session.sql(
      `SELECT count(*)::int8::text AS rows FROM ${quoteRelation({ schema, name })}`,
    );
    there.push({ name, rows: Number(count?.rows) });
  }
  const own = new Set(tables.map(({ oid }) => oid));
  const keys = await session.run(destinationKeys, { oids: [...own] });
  for (const { child, child_name: name } of keys)
    if (!own.has(child))
      checks.push({
        ...{ title: name, status: 'block' },
        detail: `It refers to what is ${existing ? 'emptied' : 'dropped'}, and did not come with it: drop its key first.`,
      });
  return { there, checks };
}

function takeBack(made: Made, there: readonly { readonly name: string }[], state: { done: boolean }): Step {
  const { schema, existing, new_schema: alone, database } = made;
  const names = there.map(({ name }) => quoteRelation({ schema, name })).join(', ');
  const locked = there.length === 0 ? [] : [`LOCK TABLE ${names} IN ACCESS EXCLUSIVE MODE`];
  const statements = [
    ...(there.length === 0 ? [] : [existing ? `TRUNCATE ${names} RESTART IDENTITY` : `DROP TABLE ${names}`]),
    ...(alone ? [`DROP SCHEMA IF EXISTS ${quoteIdent(schema)}`] : []),
  ];
  return {
    id: 'take-back',
    title: existing ? 'Empty the tables' : 'Drop the tables',
    preview: `BEGIN;\n${[...locked, ...statements].join(';\n')};\nCOMMIT;`,
    atomic: true,
    waits: true,
    run: async (io) => {
      const session = await io.connect(database);
      try {
        await session.sql('BEGIN');
        for (const sql of locked) await session.sql(sql);
        await refuseOthers(session, made, there);
        for (const sql of statements) await session.sql(sql);
        await session.sql('COMMIT');
        state.done = true;
      } finally {
        await session.close();
      }
    },
  };
}

/** Since they were looked at another may have taken the place of one: none goes that was not shown. */
async function refuseOthers(
  session: Session,
  { schema, tables }: Made,
  there: readonly { readonly name: string }[],
): Promise<void> {
  const now = await tableOids(session, schema, there);
  for (const { name, oid } of tables)
    if (there.some((one) => one.name === name) && now.get(name) !== oid)
      throw importErrors.otherTable({ table: name });
}

async function fateOf(session: Session, { xid }: Made): Promise<string | undefined> {
  const [row] = await session.run(transactionFate, { xid });
  return row?.fate ?? undefined;
}

/** What a killed run has done: one transaction, of which the server says what became. */
export async function recoverImport(run: Run, context: OpContext): Promise<Plan | undefined> {
  const made = madeSchema.safeParse(run.facts.import_made).data;
  const rejects = z.object({ file: z.string() }).safeParse(run.facts.import_rejects).data;
  const fate = made === undefined ? 'aborted' : await fateOf(await context.session(made.database), made);
  const text =
    fate === 'committed'
      ? `all of it is there, each cell compared before; its report was not written. To take it back: pgdeck undo ${run.id}`
      : fate === 'aborted'
        ? 'all of it was rolled back: nothing of it is there.'
        : 'all of it is there or nothing; which of the two the server no longer says: look for the tables.';
  const name =
    String(run.input.file ?? 'the file')
      .split('/')
      .at(-1) ?? '';
  const told = toldPlan(context, run, {
    title: `What became of the import of ${name}`,
    subject: name,
    value: text,
  });
  const left = rejects !== undefined && fate === 'aborted' && (await context.here.files.exists(rejects.file));
  const remove: Step[] = left
    ? [
        {
          id: 'remove-rejects',
          title: 'Remove its file of rejects',
          preview: rejects.file,
          run: (io) => io.here.files.remove(rejects.file),
        },
      ]
    : [];
  const steps = [...remove, ...recoverSteps(stoppedIn(run.facts))];
  return steps.length === 0 ? told : { ...told, steps };
}
