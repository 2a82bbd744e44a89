import { z } from 'zod';
import { quoteIdent } from '../../src/db/ident.ts';
import { OpError } from '../../src/ops/error.ts';
import {
  type AnyOperation,
  defineOperation,
  type Plan,
  type Step,
  type StepIo,
} from '../../src/ops/operation.ts';
import { type Entry, OPERATIONS } from '../../src/ops/registry.ts';

const field = { title: 'Field', hint: 'a field' };

const LATE: Step = {
  id: 'late',
  title: 'Start the service',
  preview: 'false',
  late: true,
  run: async (io) => void (await io.exec('false', [])),
};

/** An operation small enough for tests: it makes a table in the target's database. */
export const work: AnyOperation = defineOperation({
  id: 'work',
  input: z.object({
    name: z.string(),
    rows: z.int('expected a whole number').min(0, 'expected 0 or more').default(3),
    kind: z.enum(['plain', 'fancy']).default('plain'),
    glitter: z.int().optional(),
    say: z.array(z.string()).default([]),
    fail: z.boolean().default(false),
    block: z.boolean().default(false),
    stuck: z.boolean().default(false),
    late: z.boolean().default(false),
    notes: z.boolean().default(true),
    sleep: z.number().default(0),
    danger: z.enum(['none', 'confirm', 'type-name']).default('confirm'),
  }),
  fields: {
    name: { ...field, hint: 'the table', argument: true },
    rows: { ...field, hint: 'how many rows', placeholder: 'n' },
    kind: field,
    glitter: { ...field, when: ({ kind }) => kind === 'fancy' },
    say: { ...field, hint: 'a line to say', placeholder: 'text' },
    fail: field,
    block: field,
    stuck: field,
    late: field,
    notes: { ...field, hint: 'no notes' },
    sleep: field,
    danger: field,
  },
  plan: async (input, context): Promise<Plan> => {
    const { name, rows, say, fail, block, notes, sleep, stuck, late, danger } = input;
    const session = await context.session();
    const table = `public.${quoteIdent(name)}`;
    const drop = async (io: StepIo) => void (await (await io.connect()).sql(`DROP TABLE IF EXISTS ${table}`));
    return {
      operation: 'work',
      title: `Work on ${name}`,
      subject: name,
      danger,
      writes: true,
      server: context.place,
      input,
      facts: [{ label: 'Server', value: `PostgreSQL ${session.server.version}` }],
      checks: [
        { title: 'Room', status: 'ok', detail: 'enough' },
        ...(block
          ? [{ title: 'Moon', status: 'block', detail: 'It is not full. Wait for it.' } as const]
          : []),
      ],
      consequence: `There will be a table ${name}.`,
      undo: 'undo',
      steps: [
        {
          id: 'create',
          title: `Create ${name}`,
          preview: `CREATE TABLE ${table} (n int)`,
          effect: 'no lock',
          run: async (io) => {
            io.record({ table: name });
            await (await io.connect()).sql(`CREATE TABLE ${table} (n int)`);
          },
          rollback: async (io) => {
            if (stuck) await (await io.connect()).sql('SELECT pg_sleep(500)');
            await drop(io);
          },
        },
        {
          id: 'fill',
          title: 'Fill it',
          preview: `INSERT INTO ${table} …`,
          run: async (io) => {
            for (const text of say) await io.exec('printf', ['%s\\n', text]);
            if (notes) io.line('filling');
            const to = await io.connect();
            for (let n = 1; n <= rows; n++) {
              await to.sql(`INSERT INTO ${table} VALUES (${n})`);
              io.progress({ label: 'rows', done: n, of: rows, unit: 'rows' });
            }
            if (sleep > 0) await to.sql(`SELECT pg_sleep(${sleep})`);
            if (fail) throw new OpError('failed', 'The dog ate it.', 'Feed the dog.');
            io.result({ title: 'Tables', columns: ['table', 'rows'], rows: [[name, String(rows)]] });
          },
        },
        ...(late ? [LATE] : []),
      ],
    };
  },
  undo: async (run, context) => ({
    operation: 'work',
    title: `Drop ${run.facts.table}`,
    subject: String(run.facts.table),
    danger: 'confirm',
    writes: true,
    server: context.place,
    input: {},
    facts: [],
    checks: [],
    steps: [
      {
        id: 'drop',
        title: 'Drop it',
        preview: `DROP TABLE ${run.facts.table}`,
        run: async (io) => {
          io.record({ table: run.facts.table });
          await (await io.connect()).sql(`DROP TABLE public.${quoteIdent(String(run.facts.table))}`);
        },
      },
    ],
  }),
  recover: async (run, context) => {
    const [found] = await (await context.session()).sql(
      'SELECT 1 FROM pg_tables WHERE tablename = $1 AND schemaname = $2',
      [run.facts.table ?? '', 'public'],
    );
    return found && work.undo?.(run, context);
  },
});

export const workEntry: Entry = {
  id: 'work',
  title: 'Work',
  summary: 'make a table, for tests',
  danger: 'type-name',
  writes: true,
  load: async () => work,
};

/** Makes it one of the program's operations, in this process. */
export function registerWork(): void {
  (OPERATIONS as Entry[]).push(workEntry, { ...workEntry, id: 'backups work' });
}
