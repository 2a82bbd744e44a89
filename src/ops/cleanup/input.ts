import { z } from 'zod';
import { fullName } from '../../db/ident.ts';
import { AGE_EXPECTED, badAge } from '../../text/age.ts';
import { listRuns } from '../engine/journal/runs.ts';
import { isOnServer, serverHere } from '../engine/journal/server.ts';
import type { Field, FieldChoice, Meant, OpContext, RawInput } from '../engine/operation.ts';
import { resolveRelation } from '../relations/resolve.ts';
import { orphanTables } from '../rows/queries/tables.ts';
import { isLeftOff } from './facts.ts';
import { timeColumns } from './queries/table.ts';
import { wholeOf } from './whole.ts';

export const cleanupInput = z
  .object({
    table: z.string().optional(),
    column: z.string().optional(),
    older_than: z
      .string()
      .superRefine((age, context) => {
        const message = badAge(age);
        if (message !== undefined) context.addIssue({ code: 'custom', message });
      })
      .optional(),
    archive: z.string().optional(),
    drop_partitions: z.boolean().default(false),
    skip_referenced: z.boolean().default(false),
    wait: z.number().min(0, 'expected 0 or more').default(60),
    rule: z.string().optional(),
    rules: z.boolean().default(false),
    resume: z.string().optional(),
  })
  .superRefine(({ table, column, older_than, rule, rules, resume }, context) => {
    const ways = [rule !== undefined, rules, resume !== undefined].filter(Boolean).length;
    if (ways > 1) context.addIssue({ code: 'custom', message: 'Give one of --rule, --rules and --resume.' });
    if (ways > 0) return;
    // what is named with a path is told of its field
    for (const [name, value] of Object.entries({ table, column, older_than }))
      if (value === undefined) context.addIssue({ code: 'custom', path: [name], message: 'is needed' });
  });

export type CleanupInput = z.output<typeof cleanupInput>;

const given = (value: RawInput[string]) => value !== undefined && value !== '' && value !== false;
/** What is to go is said by itself, and by no rule or run. */
const plain = (raw: RawInput) => !given(raw.rule) && !given(raw.rules) && !given(raw.resume);
const other = (raw: RawInput) => !given(raw.table) && !given(raw.column) && !given(raw.older_than);

export const cleanupFields: Record<keyof CleanupInput, Field> = {
  table: {
    title: 'Table',
    hint: 'the table whose old rows are to go',
    placeholder: 'table',
    choices: tableChoices,
    meant: wholeTable,
    when: plain,
  },
  column: {
    title: 'Column',
    hint: 'the date or timestamp that tells how old a row is',
    placeholder: 'column',
    choices: columnChoices,
    none: () => 'This table has no column that is a date or a timestamp.',
    when: plain,
  },
  older_than: {
    title: 'Older than',
    hint: `the age from which rows go: ${AGE_EXPECTED.replace(/^.*such as /, '')}`,
    placeholder: 'age',
    when: plain,
  },
  archive: {
    title: 'Archive',
    hint: 'directory for an archive of the rows, from which cleanup restore puts them back',
    placeholder: 'dir',
    standard: () => 'none: what is deleted is only in a backup',
    when: plain,
  },
  drop_partitions: {
    title: 'Drop partitions',
    hint: 'partitions all of whose rows are old enough are dropped instead of emptied row by row',
    when: plain,
  },
  skip_referenced: {
    title: 'Skip referenced',
    hint: 'rows that others refer to stay; without it they block the cleanup',
    when: plain,
  },
  wait: {
    title: 'Wait for locks',
    hint: 'seconds to keep retrying for rows and tables that others hold',
    placeholder: 'seconds',
  },
  rule: {
    title: 'Rule',
    hint: 'what a rule of the profile says instead, by its name or its table',
    placeholder: 'name',
    choices: async ({ cleanup }) =>
      cleanup.map(({ name, table, column, older_than }) => ({
        value: name ?? table,
        hint: `${table}, ${column} older than ${older_than}`,
      })),
    none: () => 'The profile has no rules.',
    when: other,
  },
  rules: {
    title: 'All rules',
    hint: 'what all rules of the profile say',
    when: (raw) => other(raw) && !given(raw.rule),
  },
  resume: {
    title: 'Go on with',
    hint: 'a cleanup that did not come to its end: with its cutoff and its archive',
    placeholder: 'run',
    choices: resumeChoices,
    none: () => 'No cleanup was left off.',
    when: (raw) => other(raw) && !given(raw.rule) && !given(raw.rules),
  },
};

async function tableChoices(context: OpContext): Promise<FieldChoice[]> {
  const session = await context.session();
  const tables = await session.run(orphanTables, undefined);
  return tables
    .filter(({ partition }) => !partition)
    .map(({ schema, name }) => ({ value: fullName(schema, name) }));
}

/** Of a partition its table: rows are old wherever they are, and keys refer to all of them. */
async function wholeTable(context: OpContext, row: string): Promise<Meant | undefined> {
  const session = await context.session();
  const table = resolveRelation(await session.run(orphanTables, undefined), row);
  if (!table.partition) return undefined;
  const value = await wholeOf(session, table);
  return {
    value,
    why: `${fullName(table.schema, table.name)} is a partition: this is about ${value} as a whole.`,
  };
}

async function columnChoices(context: OpContext, { table: named }: RawInput): Promise<FieldChoice[]> {
  if (typeof named !== 'string' || named.trim() === '') return [];
  const session = await context.session();
  const table = resolveRelation(await session.run(orphanTables, undefined), named.trim());
  const columns = await session.run(timeColumns, { oid: table.oid });
  // most have one, or one that rows are looked for by
  const usual = columns.find(({ indexed }) => indexed) ?? columns[0];
  return columns.map((one) => ({
    value: one.name,
    hint: one.indexed ? `${one.type}, indexed` : one.type,
    ...(one === usual && { usual: true }),
  }));
}

async function resumeChoices(context: OpContext): Promise<FieldChoice[]> {
  const here = await serverHere(context);
  const runs = listRuns(context.journal);
  return runs
    .filter((run) => isLeftOff(run, runs) && isOnServer(run, here))
    .map((run) => ({ value: run.id, hint: run.subject }));
}
