import { z } from 'zod';
import { quoteIdent } from '../../../db/ident.ts';
import { type DatabaseFacts, databaseFacts } from '../../../db/queries/database/facts.ts';
import { restoreLive } from '../../../db/queries/restore/facts.ts';
import type { Session } from '../../../db/session.ts';
import { bytes } from '../../../text/units.ts';
import { backupBefore, intoCommand } from '../../backup/before.ts';
import type { SafetyBackup } from '../../backup/safety.ts';
import { databaseOf } from '../../database/create.ts';
import { dropDatabase } from '../../database/drop.ts';
import { inMaintenance } from '../../database/maintenance.ts';
import { poolerChecks } from '../../database/pooler.ts';
import type { Run } from '../../engine/journal/runs.ts';
import { defineOperation, type OpContext } from '../../engine/operation.ts';
import type { Check, Plan, Step } from '../../engine/plan.ts';
import { toldPlan } from '../../engine/told.ts';
import { keptChoices, planKeptDrop } from '../../kept/drop.ts';
import { listKept } from '../../kept/list.ts';
import { block, ok, protectedChecks, sessionChecks, tiedChecks, warn } from '../checks.ts';
import { databaseChoices } from '../choices.ts';
import { databasesErrors } from '../errors.ts';

/** Drops a database: one that pgdeck has made, which it knows more of, or any other one, after a backup of it. */
export const dbDrop = defineOperation({
  id: 'db drop',
  input: z.object({
    name: z.string().min(1),
    end_sessions: z.boolean().default(false),
    no_safety_backup: z.boolean().default(false),
  }),
  fields: {
    name: {
      title: 'Database',
      hint: 'the database that goes, with everything in it',
      argument: true,
      choices: async (context) => [...(await keptChoices(context)), ...(await databaseChoices(context))],
      none: () => 'There is no database on this server that can be dropped.',
    },
    end_sessions: {
      title: 'End sessions',
      hint: 'end the sessions in it: DROP DATABASE … WITH (FORCE)',
    },
    no_safety_backup: {
      title: 'No safety backup',
      hint: 'do not back it up first: there is no way back then',
      asks: {
        title: 'Safety backup',
        hint: 'of the database, made first; copies that pgdeck has made need none',
      },
    },
  },
  plan: async (input, context) => {
    const { kept } = await listKept(context);
    if (kept.some((one) => one.name === input.name)) return planKeptDrop(input.name, context);
    return planDrop(input, context);
  },
  recover: recoverDrop,
});

interface Wish {
  readonly name: string;
  readonly end_sessions: boolean;
  readonly no_safety_backup: boolean;
}

/** Plans to drop a database that pgdeck has not made. `oid`: it has to be that one. */
export async function planDrop(
  { name, end_sessions, no_safety_backup }: Wish,
  context: OpContext,
  oid?: number,
): Promise<Plan> {
  const { session } = await listKept(context);
  const facts = await databaseOf(session, name);
  if (oid !== undefined && facts.oid !== oid) throw databasesErrors.changed({ database: name });
  const [state] = await session.run(restoreLive, { oid: facts.oid });
  const checks: Check[] = [...protectedChecks(session, facts)];
  if (checks.length === 0)
    checks.push(
      ...(await poolerChecks(context, session)),
      facts.owned
        ? ok('Privileges', `${session.server.user} may drop ${name}.`)
        : block(
            'Privileges',
            `${name} belongs to ${facts.owner}: connect as ${facts.owner}, or as a superuser.`,
          ),
      ...(await sessionChecks(session, facts, end_sessions)),
      ...(await tiedChecks(session, facts)),
    );
  const blocked = checks.some(({ status }) => status === 'block');
  const closed = !facts.allows_connections;
  const safety =
    no_safety_backup || blocked || closed
      ? undefined
      : await backupBefore(context, name, { label: 'before db drop', back: (id) => intoCommand(id, name) });
  if (!blocked && closed && !no_safety_backup)
    checks.push(
      block(
        'Safety backup',
        `${name} lets nobody connect, and cannot be backed up: ALTER DATABASE ${quoteIdent(name)} WITH ALLOW_CONNECTIONS true, or --no-safety-backup.`,
      ),
    );
  if (no_safety_backup) checks.push(warn('Safety backup', 'None is made: there is no way back.'));
  const done = { dropped: false };
  const size = state?.bytes == null ? 'of a size that this role may not know' : bytes(state.bytes);
  return {
    operation: 'db drop',
    title: `Drop the database ${name}`,
    subject: name,
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: { name, ...(end_sessions && { end_sessions }), ...(no_safety_backup && { no_safety_backup }) },
    facts: [
      { label: 'Server', value: `${context.place}, PostgreSQL ${session.server.version}` },
      { label: 'Database', value: `${name}, ${size}, of ${facts.owner}` },
      ...(facts.comment === null ? [] : [{ label: 'Comment', value: facts.comment }]),
      ...(state?.last_statement_seconds == null
        ? []
        : [{ label: 'In use', value: 'statements are run in it' }]),
    ],
    checks: [...checks, ...(safety?.checks ?? [])],
    steps: [...(safety?.steps ?? []), dropStep(facts, end_sessions, safety, done)],
    consequence: `${name} and everything in it is gone${safety === undefined ? ', and there is no way back' : `, but for the backup`}.`,
    ...(safety !== undefined && {
      undo: {
        get command() {
          return intoCommand(safety.name(), name);
        },
      },
    }),
    leaves: () => {
      const made = safety?.made();
      const kept = made === undefined ? '' : ` The safety backup ${made.id} is kept.`;
      return `${name} is ${done.dropped ? 'dropped' : 'there as it was'}.${kept}`;
    },
    reaches: () => `${name} is dropped.${safety === undefined ? '' : ` Its backup is ${safety.name()}.`}`,
    locks: [{ family: 'restore', database: name }],
  };
}

/** The statement, for the preview. */
function dropSql(name: string, force: boolean): string {
  return `DROP DATABASE ${quoteIdent(name)}${force ? ' WITH (FORCE)' : ''}`;
}

function dropStep(
  { name, oid }: DatabaseFacts,
  force: boolean,
  safety: SafetyBackup | undefined,
  done: { dropped: boolean },
): Step {
  return {
    id: 'drop',
    title: `Drop ${name}`,
    preview: `${dropSql(name, force)};`,
    effect: force ? 'the sessions in it are ended' : 'no session is connected to it',
    atomic: true,
    run: (io) =>
      inMaintenance(io, async (session) => {
        const [now] = await session.run(databaseFacts, { database: name });
        if (now?.oid !== oid) throw databasesErrors.changed({ database: name });
        io.record({ db_drop: { database: name, oid, safety: safety?.made()?.id ?? null } });
        await dropDatabase(session, { name, is_template: false }, force ? ' WITH (FORCE)' : '');
        io.crashPoint('drop:dropped');
        await seeItGone(session, name, oid);
        done.dropped = true;
      }),
  };
}

async function seeItGone(session: Session, name: string, oid: number): Promise<void> {
  const [still] = await session.run(databaseFacts, { database: name });
  if (still?.oid === oid) throw databasesErrors.stillThere({ database: name });
}

const recordSchema = z.object({ database: z.string(), oid: z.number(), safety: z.string().nullable() });

/** It is dropped, or as it was: which of the two, and where its backup is. */
async function recoverDrop(run: Run, context: OpContext): Promise<Plan | undefined> {
  const record = recordSchema.safeParse(run.facts.db_drop).data;
  if (record === undefined) return undefined;
  const { database, oid, safety } = record;
  const { session } = await listKept(context);
  const [now] = await session.run(databaseFacts, { database });
  const backup = safety === null ? '' : ` To bring it back: ${intoCommand(safety, database)}`;
  const value = now?.oid === oid ? 'is there as it was.' : `is dropped.${backup}`;
  return toldPlan(context, run, { title: `What became of ${database}`, subject: database, value });
}
