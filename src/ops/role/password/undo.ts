import { z } from 'zod';
import { quoteIdent, quoteLiteral } from '../../../db/ident.ts';
import { unlogged } from '../../database/unlogged.ts';
import type { Run } from '../../engine/journal/runs.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check, Plan } from '../../engine/plan.ts';
import { toldPlan } from '../../engine/told.ts';
import { roleErrors } from '../errors.ts';
import { alterCheck, block, ok, roleOf, sessionsCheck, storedOf } from '../look.ts';
import { roleFacts } from '../queries/roles.ts';

const schema = z.object({
  role: z.string(),
  oid: z.number(),
  /** `before` is what was kept of the old one. */
  known: z.boolean(),
  before: z.string().nullable(),
  after: z.string(),
  valid_until: z.string().nullable(),
  /** Until when it is valid was changed with it. */
  sets_until: z.boolean(),
  /** Whoever ran it has the new one, whatever became of the run. */
  shown: z.boolean(),
});

export type PasswordRecord = z.output<typeof schema>;

/** What a run has set; undefined where it had not come to that. */
export function recordOf(facts: Readonly<Record<string, unknown>>): PasswordRecord | undefined {
  return schema.safeParse(facts.password).data;
}

/** The statement that puts the old one back; `shown`: with what stands for it. */
export function putBackSql(
  { role, before, valid_until, sets_until }: PasswordRecord,
  shown: boolean,
): string {
  const old = before === null ? 'NULL' : shown ? "'SCRAM-SHA-256$…'" : quoteLiteral(before).trim();
  const until = sets_until ? ` VALID UNTIL ${quoteLiteral(valid_until ?? 'infinity').trim()}` : '';
  return `ALTER ROLE ${quoteIdent(role)} PASSWORD ${old}${until}`;
}

/** Puts back what the server kept of the old password, where nobody has set another one since. */
export async function undoPassword(run: Run, context: OpContext): Promise<Plan> {
  const record = recordOf(run.facts);
  if (record === undefined) throw roleErrors.noRecord({ run: run.id });
  const { role } = record;
  if (!record.known) throw roleErrors.noOld({ role });
  const session = await context.session();
  const facts = await roleOf(session, role);
  const now = await storedOf(session, role);
  const state = { back: false };
  const since: Check =
    facts.oid !== record.oid
      ? block('Password', `${role} is another role than then: it was dropped and made again.`)
      : now === undefined
        ? block(
            'Password',
            'Whether somebody has set another one since cannot be seen by this role: connect as a superuser.',
          )
        : now !== record.after
          ? block('Password', `The password of ${role} was changed again since, and that is not taken back.`)
          : ok('Password', `Nobody has changed the password of ${role} since.`);
  return {
    operation: 'undo',
    title: `Put the old password of ${role} back`,
    subject: role,
    danger: 'confirm',
    writes: true,
    server: context.place,
    input: { run: run.id },
    facts: [{ label: 'Role', value: role }],
    checks: [alterCheck(session, facts), since, ...sessionsCheck(facts)],
    steps: [
      {
        id: 'put-back',
        title: `Put the old password of ${role} back`,
        preview: `${putBackSql(record, true)};`,
        atomic: true,
        run: async (io) => {
          const own = await io.connect();
          if ((await storedOf(own, role)) !== record.after) throw roleErrors.changed({ role });
          await unlogged(own);
          await own.sql(putBackSql(record, false));
          state.back = true;
          if ((await storedOf(own, role)) !== record.before) throw roleErrors.notStored({ role });
        },
      },
    ],
    consequence: `What connects as ${role} with the new password does not get in any more.`,
    leaves: () => (state.back ? `${role} has the old password.` : `${role} has the new password.`),
    reaches: () => `${role} has the old password again.`,
    locks: [{ family: 'role', database: session.server.database }],
  };
}

/** Whether a run that was killed has set it; a generated one that was not shown is in nobody's hands. */
export async function recoverPassword(run: Run, context: OpContext): Promise<Plan | undefined> {
  const record = recordOf(run.facts);
  if (record === undefined) return undefined;
  const { role, oid, after, before, known } = record;
  const session = await context.session();
  const [facts] = await session.run(roleFacts, { role });
  if (facts === undefined || facts.oid !== oid) return undefined;
  const now = await storedOf(session, role);
  if (now !== undefined && now !== after && now === before) return undefined;
  const back = known ? ` To put the old one back: pgdeck undo ${run.id}` : '';
  const value =
    now === after
      ? record.shown
        ? `has the new password.${back}`
        : `has the new password, which was not shown to anybody. Set another one: pgdeck role password ${role}.${back}`
      : now === undefined
        ? `may have the new password: this role cannot see it. Set another one: pgdeck role password ${role}`
        : `has another password than either: somebody has set it since.`;
  return toldPlan(context, run, { title: `The password of ${role}`, subject: role, value });
}
