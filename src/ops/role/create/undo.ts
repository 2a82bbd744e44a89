import { z } from 'zod';
import { quoteIdent } from '../../../db/ident.ts';
import { plural } from '../../../text/units.ts';
import type { Run } from '../../engine/journal/runs.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check, Plan } from '../../engine/plan.ts';
import { toldPlan } from '../../engine/told.ts';
import { roleErrors } from '../errors.ts';
import { alterCheck, block, ok, roleOf } from '../look.ts';
import { roleFacts, roleUses } from '../queries/roles.ts';

const createdSchema = z.object({ role: z.string(), oid: z.number() });
const creatingSchema = z.object({ role: z.string(), shown: z.boolean() });

export function dropSql(role: string): string {
  return `DROP ROLE ${quoteIdent(role)}`;
}

/** Drops the role that a run has made, where nothing depends on it yet. */
export async function undoCreate(run: Run, context: OpContext): Promise<Plan> {
  const created = createdSchema.safeParse(run.facts.created).data;
  const name = created?.role ?? creatingSchema.safeParse(run.facts.creating).data?.role;
  if (name === undefined) throw roleErrors.noRecord({ run: run.id });
  const session = await context.session();
  const facts = await roleOf(session, name);
  const uses = await session.run(roleUses, { oid: facts.oid });
  const checks: Check[] = [alterCheck(session, facts)];
  if (created !== undefined && facts.oid !== created.oid)
    checks.push(block('Role', `${name} is another role than then: it was dropped and made again.`));
  for (const { database, owned, granted } of uses) {
    const what = [
      ...(owned > 0 ? [`owns ${plural(owned, 'object')}`] : []),
      ...(granted > 0 ? [`has rights on ${plural(granted, 'object')}`] : []),
    ].join(' and ');
    const where = database === null ? 'shared by all databases' : `in ${database}`;
    const way =
      database === null
        ? 'Give them to another role, and revoke the rights'
        : `There: REASSIGN OWNED BY ${quoteIdent(name)} TO …; DROP OWNED BY ${quoteIdent(name)}`;
    checks.push(block('Uses', `${name} ${what} ${where}. ${way}.`));
  }
  if (facts.sessions > 0)
    checks.push(
      block(
        'Sessions',
        `${plural(facts.sessions, 'session')} of ${name}: end them first, or have them leave.`,
      ),
    );
  if (uses.length === 0) checks.push(ok('Uses', `Nothing belongs to ${name}.`));
  const state = { dropped: false };
  return {
    operation: 'undo',
    title: `Drop the role ${name}`,
    subject: name,
    danger: 'confirm',
    writes: true,
    server: context.place,
    input: { run: run.id },
    facts: [{ label: 'Role', value: name }],
    checks,
    steps: [
      {
        id: 'drop',
        title: `Drop ${name}`,
        preview: `${dropSql(name)};`,
        atomic: true,
        run: async (io) => {
          const own = await io.connect();
          if ((await roleOf(own, name)).oid !== facts.oid) throw roleErrors.changed({ role: name });
          await own.sql(dropSql(name));
          state.dropped = true;
        },
      },
    ],
    leaves: () => (state.dropped ? `There is no role ${name} any more.` : `${name} is there as it was.`),
    reaches: () => `There is no role ${name} any more.`,
    locks: [{ family: 'role', database: session.server.database }],
  };
}

/** It is one transaction: the role is there, or it is not. */
export async function recoverCreate(run: Run, context: OpContext): Promise<Plan | undefined> {
  const creating = creatingSchema.safeParse(run.facts.creating).data;
  if (creating === undefined) return undefined;
  const { role, shown } = creating;
  const session = await context.session();
  const [facts] = await session.run(roleFacts, { role });
  if (facts === undefined) return undefined;
  const password = shown ? '' : ` Its password was not shown to anybody: pgdeck role password ${role}.`;
  const value = `is there.${password} To drop it: pgdeck undo ${run.id}`;
  return toldPlan(context, run, { title: `The role ${role}`, subject: role, value });
}
