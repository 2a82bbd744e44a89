import { shellWord } from '../../../text/shell.ts';
import type { Run } from '../../engine/journal/runs.ts';
import type { OpContext } from '../../engine/operation.ts';
import type { Check, Plan, Step } from '../../engine/plan.ts';
import { projectErrors } from '../errors.ts';
import { historyOf } from '../part/history.ts';
import { markStep } from '../part/mark.ts';
import { type Part, runPart } from '../part/run.ts';
import { madeBySetup, type Situation, situationOf } from './situation.ts';

/**
 * Takes back what set-ups have made: the database is dropped after a backup of it, and then the roles. Throws
 * {@link OpError} where the journal knows of nothing.
 */
export async function planSetupBack(
  context: OpContext,
  { name, roles }: { readonly name: string; readonly roles: readonly string[] },
): Promise<Plan> {
  const named = roles.map((role) => ({ name: role }) as never);
  const now = await situationOf(context, { name, roles: named });
  if (now.away !== undefined) throw now.away;
  // also of a database that is gone by now: its roles are there still
  const history = historyOf(context, now.here, { operation: 'db setup', database: name, oid: undefined });
  const [newest] = history.runs;
  if (newest === undefined) throw projectErrors.nothingToTakeBack({ what: 'set-up', database: name });
  const made = madeBySetup({ ...now, history });
  const open = history.parts.filter(({ undone_by }) => undone_by === null);
  const back = open.filter(
    ({ operation, facts }) => operation === 'role create' && facts.created !== undefined,
  );
  const there = back.filter(({ facts }) => now.roles.has(roleOf(facts)));
  const checks: Check[] = [];
  if (now.oid !== null && !made)
    checks.push({
      title: 'Database',
      status: 'warn',
      detail: `${name} is not the one that set-up has made, but was there before or was restored since. It stays, and what was run in it: pgdeck db drop ${shellWord(name)} drops it.`,
    });
  const steps = [
    ...(made ? [dropStep(context, name, now)] : []),
    ...there.map((run) => roleStep(context, run, now.from)),
  ];
  if (steps.length === 0) throw projectErrors.nothingToTakeBack({ what: 'set-up', database: name });
  return {
    operation: 'undo',
    title: `Take back the set-up of ${name}`,
    subject: name,
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: { run: newest.id },
    facts: [
      { label: 'Server', value: `${context.place}, PostgreSQL ${now.version}` },
      { label: 'Set up by', value: history.runs.map(({ id }) => id).join(', ') },
    ],
    checks,
    steps: [...steps, markStep(context, [...history.runs, ...open])],
    consequence: made
      ? `${name} is dropped with everything in it, after a backup; then what made it is gone.`
      : 'The roles that the set-up has made are dropped.',
    undoes: newest.id,
    leaves: () => 'What was not taken back is there as it was; taking it back again goes on.',
    reaches: () =>
      made
        ? `What the set-up of ${name} has made is gone; the backup of ${name} is kept.`
        : `The roles that the set-up of ${name} has made are gone; ${name} is there as it was.`,
  };
}

const roleOf = (facts: Run['facts']): string =>
  String((facts.created as { role?: unknown } | undefined)?.role);

/** Names of the roles that set-ups about a database have made. */
export function rolesMade(parts: readonly Run[]): string[] {
  return parts.flatMap(({ operation, facts }) =>
    operation === 'role create' && facts.created !== undefined ? [roleOf(facts)] : [],
  );
}

function dropStep(context: OpContext, name: string, { from }: Situation): Step {
  const part: Part = { operation: 'db drop', database: from, input: { name, end_sessions: true } };
  return {
    id: 'drop',
    title: `Drop ${name} after a backup of it`,
    preview: `pgdeck db drop ${shellWord(name)} --end-sessions`,
    effect: 'ends the sessions in it',
    run: (io) => runPart(context, io, part, 'type-name'),
  };
}

function roleStep(context: OpContext, run: Run, database: string): Step {
  const role = roleOf(run.facts);
  return {
    id: `undo:${role}`,
    title: `Drop the role ${role}, which ${run.id} has made`,
    preview: `pgdeck undo ${run.id}`,
    run: (io) => runPart(context, io, { operation: 'undo', database, input: { run: run.id } }, 'type-name'),
  };
}
