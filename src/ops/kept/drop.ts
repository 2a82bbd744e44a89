import { quoteIdent } from '../../db/ident.ts';
import { type DatabaseFacts, databaseFacts } from '../../db/queries/database/facts.ts';
import { keptDatabases } from '../../db/queries/database/kept.ts';
import type { Session } from '../../db/session.ts';
import { bytes, moment, plural } from '../../text/units.ts';
import { dropDatabase, dropLeftover, dropSql } from '../database/drop.ts';
import { findLeftovers, type Leftover } from '../database/leftovers.ts';
import { inMaintenance } from '../database/maintenance.ts';
import { readRun } from '../engine/journal/runs.ts';
import type { FieldChoice, OpContext } from '../engine/operation.ts';
import type { Check, Plan, Step, StepIo } from '../engine/plan.ts';
import { keptErrors } from './errors.ts';
import { type Kept, KIND_WORDS, keptOf, usedBy } from './kept.ts';
import { listKept } from './list.ts';

/** The databases that pgdeck has made, to be chosen from. */
export async function keptChoices(context: OpContext): Promise<readonly FieldChoice[]> {
  return (await listKept(context)).kept.map((one) => ({ value: one.name, hint: hintOf(one) }));
}

/**
 * Plans to drop a database that pgdeck has made: a copy from before a restore, what was rolled back, a restored copy. Throws
 * {@link OpError} for any other one.
 */
export async function planKeptDrop(name: string, context: OpContext): Promise<Plan> {
  const { kept, session } = await listKept(context);
  const [facts] = await session.run(databaseFacts, { database: name });
  if (facts === undefined) throw keptErrors.noDatabase({ database: name });
  const one = kept.find((found) => found.name === name);
  if (one === undefined) throw keptErrors.notOurs({ database: name });
  const leftover = (await findLeftovers(session)).find(({ oid, run }) => oid === one.oid && run === one.run);
  const { of, run, row } = one;
  const undone = undoneWithout(one, context);
  return {
    operation: 'db drop',
    title: `Drop ${name}`,
    subject: name,
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: { name },
    facts: [
      { label: 'Server', value: `${context.place}, PostgreSQL ${session.server.version}` },
      { label: 'Database', value: `${name}, ${sizeOf(one)}` },
      { label: 'What it is', value: leftover?.meaning ?? `A copy of ${of ?? 'a dump'} that was restored.` },
      { label: 'Made by', value: one.madeAt === null ? run : `${run}, ${moment(new Date(one.madeAt))}` },
      { label: 'Used by', value: usedBy(row) || 'nobody' },
    ],
    checks: checksOf(session, one, facts, leftover),
    steps: [dropStep(one, leftover)],
    consequence: [
      `${name} and everything in it is gone.`,
      ...(undone === undefined ? [] : [`${undone} cannot be done any more.`]),
      ...(row.slots > 0 ? [`${plural(row.slots, 'replication slot')} of it go with it.`] : []),
    ].join(' '),
    leaves: () => `${name} is there as it was, or dropped wholly: pgdeck db kept says which.`,
    reaches: () => `${name} is dropped; no other database was touched.`,
    locks: [{ family: 'restore', database: one.kind === 'copy' ? name : (of ?? name) }],
  };
}

function sizeOf({ row }: Kept): string {
  return row.total_bytes === null ? 'of a size that this role may not know' : bytes(row.total_bytes);
}

function hintOf(one: Kept): string {
  const size = one.row.total_bytes === null ? [] : [bytes(one.row.total_bytes)];
  return [KIND_WORDS[one.kind], ...size].join(', ');
}

/** The command that needs it: for the copy from before a restore, and what an undo has put aside. */
function undoneWithout({ kind, run }: Kept, { journal }: OpContext): string | undefined {
  if (kind !== 'before') return undefined;
  const undo = readRun(journal, run)?.undo;
  return undo === `pgdeck undo ${run}` ? undo : undefined;
}

function checksOf(
  { server }: Session,
  { name, kind, row }: Kept,
  facts: DatabaseFacts,
  leftover: Leftover | undefined,
): Check[] {
  // what its dead run has left in it is ended with it
  const work = kind === 'restoring' || kind === 'verifying' || kind === 'rehearsing';
  const blocks: [title: string, detail: string | false | undefined][] = [
    [
      'Database',
      server.standby && 'This server is a standby, which cannot be written to: connect to its primary.',
    ],
    ['At work', leftover?.alive && `${leftover.meaning} Wait for it, or see it with: pgdeck runs list`],
    [
      'Way back',
      leftover?.remedies[0] === 'rename_back' && `${leftover.meaning} Put it back with: pgdeck recover`,
    ],
    ['Privileges', !facts.owned && `${name} belongs to ${facts.owner}: connect as ${facts.owner}.`],
    [
      'Sessions',
      !work &&
        row.sessions > 0 &&
        `${plural(row.sessions, 'session')} in ${name}: end them first, or have them leave.`,
    ],
    [
      'Replication slots',
      row.active_slots > 0 &&
        `${plural(row.active_slots, 'replication slot')} of ${name} in use: stop what reads from it first.`,
    ],
    [
      'Subscriptions',
      row.subscriptions > 0 &&
        `${name} has ${plural(row.subscriptions, 'subscription')}: DROP SUBSCRIPTION there first.`,
    ],
    [
      'Prepared transactions',
      row.prepared > 0 &&
        `${name} has ${plural(row.prepared, 'prepared transaction')}: COMMIT PREPARED or ROLLBACK PREPARED first.`,
    ],
  ];
  const found = blocks.flatMap(([title, detail]): Check[] =>
    typeof detail === 'string' ? [{ title, status: 'block', detail }] : [],
  );
  return found.length > 0 ? found : [{ title: 'Use', status: 'ok', detail: `Nobody uses ${name}.` }];
}

function dropStep(one: Kept, leftover: Leftover | undefined): Step {
  const { name, row } = one;
  const template = row.is_template ? [`ALTER DATABASE ${quoteIdent(name)} IS_TEMPLATE false`] : [];
  const sql = leftover === undefined ? [...template, `DROP DATABASE ${quoteIdent(name)}`] : dropSql(leftover);
  return {
    id: 'drop',
    title: `Drop ${name}`,
    preview: sql.map((statement) => `${statement};`).join('\n'),
    effect: 'no session is connected to it',
    run: (io) =>
      inMaintenance(io, async (session) => {
        if (leftover === undefined) {
          await refuseOther(session, one);
          await dropDatabase(session, row);
        } else await dropLeftover(session, leftover);
        await seeItGone(io, session, one);
      }),
  };
}

/** A name may be another database's by now. */
async function refuseOther(session: Session, { name, oid, run, of }: Kept): Promise<void> {
  const rows = await session.run(keptDatabases, { oids: [oid] });
  if (keptOf(rows, [{ run, database: name, oid, of }]).some((one) => one.oid === oid)) return;
  throw keptErrors.changed({ database: name });
}

async function seeItGone(io: StepIo, session: Session, one: Kept): Promise<void> {
  const [still] = await session.run(databaseFacts, { database: one.name });
  if (still?.oid === one.oid) throw keptErrors.stillThere({ database: one.name });
  io.line(
    one.row.total_bytes === null
      ? `Dropped ${one.name}.`
      : `Dropped ${one.name}; ${sizeOf(one)} are free again.`,
  );
}
