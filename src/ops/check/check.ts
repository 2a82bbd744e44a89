import { z } from 'zod';
import type { Session } from '../../db/session.ts';
import { shellWord } from '../../text/shell.ts';
import { bytes, duration, moment, parseDuration, plural } from '../../text/units.ts';
import { holdersOf, lockChecks } from '../database/holders.ts';
import { poolerChecks } from '../database/pooler.ts';
import type { Run } from '../engine/journal/runs.ts';
import type { OpContext } from '../engine/operation.ts';
import { defineOperation } from '../engine/operation.ts';
import type { Check, Fact, Plan } from '../engine/plan.ts';
import { terminalFact } from '../maintain/shared/terminal.ts';
import { type Clients, findClients } from '../programs/programs.ts';
import { type Backup, lastVerified, listBackups, repositoryDirectory } from '../repository/repository.ts';
import { abilityOf, abilityOnceInstalled, REMOVE } from './amcheck.ts';
import {
  amcheckChecks,
  checksumChecks,
  depthChecks,
  honestyChecks,
  lostChecks,
  skippedChecks,
} from './checks.ts';
import { checkErrors } from './errors.ts';
import { dumpArgs, dumpWith } from './examine/dump.ts';
import { type CheckInput, checkFields, checkInput, WHOLE_LIMIT } from './input.ts';
import { Ledger } from './ledger.ts';
import { waysOf } from './methods.ts';
import { amcheckExtension, checkSettings } from './queries/amcheck.ts';
import { checkIndexes, checkTables } from './queries/inventory.ts';
import { remediesOf } from './remedies.ts';
import { type CheckScope, chooseWorks, type Part, type Skipped } from './scope.ts';
import { CheckSessions } from './sessions.ts';
import { sizeOf } from './size.ts';
import { checkSteps, installStep, type PlannedWork, waysWith } from './steps.ts';

/** `pgdeck check`: whether what is on the disk is what was written, as far as can be told by reading it. */
export const check = defineOperation({
  id: 'check',
  input: checkInput,
  fields: checkFields,
  plan: planCheck,
  undo: planRemoval,
  recover: recoverCheck,
});

async function planCheck(input: CheckInput, context: OpContext): Promise<Plan> {
  const session = await context.session();
  const { server } = session;
  const [found] = await session.run(amcheckExtension, undefined);
  const [settings] = await session.run(checkSettings, undefined);
  if (found === undefined || settings === undefined) throw new Error('the server answers nothing');
  const installs = input.install && found.version === null && found.available !== null;
  const ability = installs ? abilityOnceInstalled(found.available ?? '') : abilityOf(found);
  const scope = chooseWorks(
    await session.run(checkTables, undefined),
    await session.run(checkIndexes, undefined),
    { ...input, maxBytes: input.max_size === undefined ? undefined : sizeOf(input.max_size) },
  );
  const { works, skipped } = planned(scope, (part) => waysOf(part, { ability, depth: input, server }));
  const limit = input.time_limit ?? (scope.whole ? WHOLE_LIMIT : undefined);
  const seconds = limit === undefined ? undefined : parseDuration(limit);
  const { clients, checks: programChecks } = await dumpClients(input, context, session);
  const parts = [...works.flatMap((work) => work.parts), ...scope.leftOut.map(({ part }) => part)];
  const ledger = new Ledger(parts, skipped);
  const means = {
    sessions: new CheckSessions({ lockTimeout: input.lock_timeout, seconds }),
    dump: dumpWith(clients, context, { server, lockTimeout: input.lock_timeout }),
    parent: input.parent,
  };
  const dumpLine = (part: Part) =>
    ['pg_dump', ...dumpArgs(part, server.database, input.lock_timeout)].map(shellWord).join(' ');
  const steps = checkSteps(works, { means, ledger, database: server.database, dumpLine });
  const idle = works.length === 0;
  const subject = subjectOf(scope) ?? server.database;
  return {
    operation: 'check',
    title: `Check ${subject} for damage`,
    subject,
    danger: installs ? 'confirm' : 'none',
    writes: installs,
    server: context.place,
    input: { ...input },
    facts: [
      {
        label: 'Server',
        value: `${context.place}, PostgreSQL ${server.version}${server.standby ? ', a standby' : ''}`,
      },
      ...amounts(works),
      {
        label: 'Time limit',
        value: seconds === undefined ? 'none' : `${duration(seconds)}; what it leaves out is told`,
      },
      { label: 'Locks', value: locksText(input) },
      { label: 'Not seen', value: unseenText(input) },
      await backupFact(context, server.database),
      await terminalFact(session),
    ],
    checks: [
      ...(await poolerChecks(context, session)),
      ...amcheckChecks(found, server, input.install),
      ...(await checksumChecks(session)),
      ...honestyChecks(settings, server),
      ...depthChecks(input, server),
      ...lostChecks(works, input),
      ...programChecks,
      ...skippedChecks(skipped, idle),
      ...(await lockedChecks(session, works, input)),
    ],
    steps: idle ? [] : [...(installs ? [installStep()] : []), ...steps],
    ...(installs && {
      undo: 'undo' as const,
      consequence: 'The extension amcheck is created in this database; the rest is only read.',
    }),
    reaches: () =>
      `${ledger.sentence()}. Nothing was changed${installs ? ' but the extension amcheck, which is there now' : ''}.`,
    leaves: ({ done }) =>
      `Nothing was changed: it was only read. ${ledger.sentence()}.${installs && done.has('install') ? ` The extension amcheck stays; to remove it: ${REMOVE}` : ''}`,
    follows: () => remediesOf(ledger.bad, server.database).command,
  };
}

/** What can be done with what was chosen; the rest, with the reason. */
function planned(
  { works, leftOut }: CheckScope,
  ways: (part: Part) => ReturnType<typeof waysOf>,
): { readonly works: readonly PlannedWork[]; readonly skipped: readonly Skipped[] } {
  const skipped: Skipped[] = [...leftOut];
  const own = works.flatMap((work): PlannedWork[] => {
    const all = work.parts.flatMap((part) => {
      const found = ways(part);
      // that it is read with its table is no gap
      if ('why' in found && part.kind !== 'toast') skipped.push({ part, why: found.why });
      return waysWith(part, found);
    });
    return all.length === 0 ? [] : [{ ...work, parts: all.map(({ part }) => part), planned: all }];
  });
  return { works: own, skipped };
}

async function dumpClients(
  { dump }: CheckInput,
  context: OpContext,
  { server }: Session,
): Promise<{ readonly clients: Clients | undefined; readonly checks: readonly Check[] }> {
  if (!dump) return { clients: undefined, checks: [] };
  const { clients, check: found } = await findClients(context, server, ['pg_dump']);
  return { clients, checks: [found] };
}

async function lockedChecks(
  session: Session,
  works: readonly PlannedWork[],
  { parent }: CheckInput,
): Promise<Check[]> {
  const oids = [...new Set(works.flatMap(({ parts }) => parts.map(({ table }) => table.oid)))];
  if (oids.length === 0) return [];
  const holders = await holdersOf(session, oids, parent ? 'ShareLock' : 'AccessShareLock');
  return lockChecks(holders, 'What is still locked then is not checked, and told.');
}

function amounts(works: readonly PlannedWork[]): Fact[] {
  const parts = works.flatMap((work) => work.parts);
  const of = (kind: Part['kind']) => parts.filter((part) => part.kind === kind);
  const size = (all: readonly Part[]) => bytes(all.reduce((sum, part) => sum + part.bytes, 0));
  const heaps = [...of('table'), ...of('toast')];
  return [
    { label: 'Tables', value: heaps.length === 0 ? 'none' : `${of('table').length}, ${size(heaps)}` },
    ...(of('sequence').length > 0 ? [{ label: 'Sequences', value: String(of('sequence').length) }] : []),
    {
      label: 'Indexes',
      value: of('index').length === 0 ? 'none' : `${of('index').length}, ${size(of('index'))}`,
    },
  ];
}

/** What nobody should take for whole. */
function unseenText({ lost_rows: lost }: CheckInput): string {
  const rows = lost
    ? 'rows of pages that were emptied after a change and before a VACUUM, or that no B-tree index knows'
    : 'rows of pages that were emptied or cut off (--lost-rows looks for them)';
  return `${rows}; free space and visibility maps; temporary tables`;
}

function locksText({ parent, lock_timeout: wait }: CheckInput): string {
  const mode = parent
    ? 'ShareLock: writers to a table wait while its indexes are checked'
    : 'AccessShareLock, as a SELECT takes';
  return `${mode}; waited for ${duration(wait)}, then it is not checked`;
}

/** The one thing that was named. */
function subjectOf({ works, whole }: CheckScope): string | undefined {
  const [only, ...more] = works;
  return whole || only === undefined || more.length > 0 ? undefined : only.shown;
}

/** What there would be to restore from. */
async function backupFact(context: OpContext, database: string): Promise<Fact> {
  const directory = repositoryDirectory(context);
  const all = await listBackups(directory).catch((): Backup[] => []);
  const own = all.filter((one) => one.database === database && one.status === 'ok');
  const [newest] = own;
  const oldest = own.at(-1);
  const label = 'Backups';
  if (newest === undefined || oldest === undefined)
    return { label, value: `none of ${database} in ${directory}` };
  const verified = lastVerified(newest);
  const more =
    own.length > 1 ? `; the oldest of ${plural(own.length, 'good one')} of ${moment(oldest.createdAt)}` : '';
  return {
    label,
    value: `the newest good one of ${moment(newest.createdAt)}${verified === undefined ? '' : ` (${verified.level} held)`}${more}`,
  };
}

const facts = z.object({ check: z.object({ installs: z.literal(true) }) });

/** Of a run that was killed, the extension may be there, whether it came to note that or not. */
async function recoverCheck(run: Run, context: OpContext): Promise<Plan | undefined> {
  return (await isInstalled(run, context)) ? removalPlan(context) : undefined;
}

/** Takes the extension away that a run has created. */
async function planRemoval(run: Run, context: OpContext): Promise<Plan> {
  if (!(await isInstalled(run, context))) throw checkErrors.nothingInstalled();
  return removalPlan(context);
}

async function isInstalled({ facts: known }: Run, context: OpContext): Promise<boolean> {
  if (!facts.safeParse(known).success) return false;
  const session = await context.session();
  const [found] = await session.run(amcheckExtension, undefined);
  return found?.version != null;
}

async function removalPlan(context: OpContext): Promise<Plan> {
  const session = await context.session();
  return {
    operation: 'check',
    title: `Remove the extension amcheck from ${session.server.database}`,
    subject: session.server.database,
    danger: 'confirm',
    writes: true,
    server: context.place,
    input: {},
    facts: [{ label: 'Database', value: context.place }],
    checks: await poolerChecks(context, session),
    steps: [
      {
        id: 'remove',
        title: 'Drop the extension amcheck',
        // not with CASCADE: what uses it meanwhile is its owner's
        preview: `${REMOVE};`,
        effect: 'nothing else is dropped; what uses it keeps it',
        atomic: true,
        run: async (io) => void (await (await io.connect()).sql(REMOVE)),
      },
    ],
    reaches: () => 'The extension amcheck is gone; no rows were changed.',
    leaves: () => 'The extension amcheck is still there; no rows were changed.',
  };
}
