import { z } from 'zod';
import type { Field, OpContext } from '../engine/operation.ts';
import { HOW_NAMES } from './convert/how.ts';

export const importInput = z.object({
  file: z.string().min(1),
  into_existing: z.boolean().default(false),
  schema: z.string().min(1).default('public'),
  map: z.array(z.string().min(1)).default([]),
  skip: z.array(z.string().min(1)).default([]),
  zone: z.string().min(1).default('+00'),
  nul: z.enum(['reject', 'strip', 'space']).default('reject'),
  keep_text: z.boolean().default(false),
  reject: z.boolean().default(false),
  null: z.boolean().default(false),
  triggers: z.boolean().default(false),
  restart_app: z.boolean().default(false),
  report: z.string().min(1).optional(),
  no_safety_backup: z.boolean().default(false),
});
export type ImportInput = z.output<typeof importInput>;

export const importFields: Readonly<Record<keyof ImportInput, Field>> = {
  file: {
    title: 'File',
    hint: 'the SQLite database; it is copied as one moment of it, and never changed',
    argument: true,
    choices: fileChoices,
    none: () => 'There is no such file in this directory: type its path.',
  },
  into_existing: {
    title: 'Into existing tables',
    hint: "load into the tables that the application's migrations have made, by their types",
  },
  schema: { title: 'Schema', hint: 'the schema that the tables are in, or are made in', placeholder: 'name' },
  map: {
    title: 'Columns',
    hint: 'TABLE.COLUMN=HOW, where what is found out is not what is meant: the plan shows it',
    placeholder: 'column=how',
    when: ({ into_existing }) => into_existing !== true,
    choices: async () => HOW_NAMES.map((value) => ({ value: `TABLE.COLUMN=${value}` })),
  },
  skip: { title: 'Left out', hint: 'a table of the file that is not imported', placeholder: 'table' },
  zone: {
    title: 'Time zone',
    hint: 'offset of times that say none: +00, +02:00',
    placeholder: 'offset',
  },
  nul: { title: 'NUL in texts', hint: 'what becomes of U+0000, which PostgreSQL cannot hold' },
  keep_text: {
    title: 'Keep as text',
    hint: 'a column with values that its type does not take becomes text',
    when: ({ into_existing }) => into_existing !== true,
  },
  reject: {
    title: 'Reject rows',
    hint: 'leave out rows with a value that has no place, and write them to a file',
  },
  null: {
    title: 'NULL instead',
    hint: 'make NULL of values that have no place, and write them to a file',
  },
  triggers: {
    title: 'Fire triggers',
    hint: 'let the triggers of existing tables fire for each row',
    when: ({ into_existing }) => into_existing === true,
  },
  restart_app: {
    title: 'Restart the application',
    hint: "stop the profile's application before the file is copied, and start it again once all is there",
  },
  report: {
    title: 'Report',
    hint: 'beginning of the names of the report and the rejects, beside which .md and .json are put',
    placeholder: 'path',
    standard: () => 'import- and the id of the run, in this directory',
  },
  no_safety_backup: {
    title: 'No safety backup',
    hint: 'do not back the database up before rows go into tables that are there',
    asks: { title: 'Safety backup', hint: 'of the database, before rows go into tables that are there' },
    when: ({ into_existing }) => into_existing === true,
  },
};

async function fileChoices({ here }: OpContext): Promise<{ value: string }[]> {
  const names = await here.files.list(here.files.resolve('.')).catch(() => []);
  return names
    .filter(({ name, kind }) => kind === 'file' && /\.(db|sqlite3?|db3)$/i.test(name))
    .map(({ name }) => ({ value: name }))
    .sort((a, b) => (a.value < b.value ? -1 : 1));
}
