import { z } from 'zod';
import type { Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Plan } from '../engine/plan.ts';
import { settingErrors } from './errors.ts';
import { entryOf, readSettings, settingOf, withPlain } from './look.ts';
import { planChange } from './plan.ts';
import { isSame, isSystem, type Scope } from './scope.ts';
import { reloadStep } from './steps.ts';

const recordSchema = z.object({
  name: z.string(),
  database: z.string().optional(),
  role: z.string().optional(),
  known: z.boolean(),
  before: z.string().nullable(),
  after: z.string().nullable(),
});

/** What a run has written; undefined where it had not come to that. */
function recordOf(run: Run): z.output<typeof recordSchema> | undefined {
  return recordSchema.safeParse(run.facts.setting).data;
}

const scopeOf = ({ database, role }: z.output<typeof recordSchema>): Scope => ({ database, role });

/** Puts back what stood there before, where nobody has changed it since. */
export async function undoChange(run: Run, context: OpContext): Promise<Plan> {
  const record = recordOf(run);
  if (record?.known !== true) throw settingErrors.noOld({ name: record?.name ?? run.subject });
  const { name, before, after } = record;
  return planChange({ name, scope: scopeOf(record), to: before ?? undefined }, context, {
    operation: 'undo',
    input: {},
    expected: { value: after ?? undefined },
  });
}

/** A run that was killed has written it or not; what it has written the server may not have read yet. */
export async function recoverChange(run: Run, context: OpContext): Promise<Plan | undefined> {
  const record = recordOf(run);
  if (record === undefined) return undefined;
  const { name, known, after } = record;
  const scope = scopeOf(record);
  if (!isSystem(scope)) return undefined;
  const listed = await withPlain(context, readSettings);
  const now = entryOf(listed, scope, name);
  // it stands there as before, or as somebody else has left it
  if (known && now !== null && !isSame(name, now.value, after ?? undefined)) return undefined;
  const setting = settingOf(listed, name);
  const { server } = await context.session();
  const to = known ? (after ?? undefined) : undefined;
  const doing = { name, scope, setting, before: now, to, major: server.major };
  return {
    operation: 'recover',
    title: `Have the server read ${name}`,
    subject: name,
    danger: 'confirm',
    writes: true,
    server: context.place,
    input: {},
    facts: [],
    checks: [
      {
        title: name,
        status: 'ok',
        detail: 'It was written before the run was killed; whether the server has read it is not known.',
      },
    ],
    steps: [reloadStep(context, doing)],
    leaves: () => `${name} is written; the server reads it when it is told to.`,
    reaches: () => `The server has read ${name} as it was written.`,
    locks: [{ family: 'settings', database: server.database }],
  };
}
