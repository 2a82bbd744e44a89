import { DbError } from '../../db/errors.ts';
import type { Session } from '../../db/session.ts';
import { bytes, plural } from '../../text/units.ts';
import { Outcome } from '../engine/outcome.ts';
import { KEPT, type Step, type StepIo } from '../engine/plan.ts';
import { sentenceOf } from '../error.ts';
import { INSTALL } from './amcheck.ts';
import { checkErrors } from './errors.ts';
import { examine, type Means } from './examine/examine.ts';
import { lostKeys } from './examine/lost.ts';
import { savingSql, unreadableRows } from './examine/rows.ts';
import { kindOf, type Ledger } from './ledger.ts';
import { COUNT, deniedReading, type Method, type Ways } from './methods.ts';
import { amcheckExtension, relationFile } from './queries/amcheck.ts';
import { remediesOf } from './remedies.ts';
import type { Part, Work } from './scope.ts';
import { type Finding, isBad } from './verdict.ts';

export interface Planned {
  readonly part: Part;
  readonly methods: readonly Method[];
}

/** One step's work, with the ways of each of its parts that has any. */
export interface PlannedWork extends Work {
  readonly planned: readonly Planned[];
}

export interface Shared {
  readonly means: Means;
  readonly ledger: Ledger;
  readonly database: string;
  /** What pg_dump is called with, for the preview. */
  readonly dumpLine: (part: Part) => string;
}

/** How long damaged rows are looked for in one table, and how many are told. */
const SEARCH = { rows: 20, seconds: 30 };
/** Statements of a step that are shown; the catalogs have hundreds, all alike. */
const PREVIEWED = 12;

export const waysWith = (part: Part, ways: Ways): Planned[] =>
  'methods' in ways ? [{ part, methods: ways.methods }] : [];

export function installStep(): Step {
  return {
    id: 'install',
    title: 'Create the extension amcheck',
    preview: `${INSTALL};`,
    effect: 'locks nothing; needs a superuser',
    run: async (io) => {
      const session = await io.connect();
      const [found] = await session.run(amcheckExtension, undefined);
      if (found?.version != null) return io.line('Somebody has created it meanwhile.');
      io.record({ check: { installs: true } });
      await session.sql(INSTALL);
    },
    // what is damaged is checked again once it is mended
    rollback: async () => KEPT,
  };
}

export function checkSteps(works: readonly PlannedWork[], shared: Shared): Step[] {
  return [...works.map((work) => workStep(work, shared)), summaryStep(shared)];
}

function workStep(work: PlannedWork, shared: Shared): Step {
  const { kind, shown, planned } = work;
  return {
    id: kind === 'catalogs' || kind === 'sequences' ? kind : `${kind}:${shown}`,
    title: `Check ${shown}${kind === 'table' && planned.length > 1 ? ' and its indexes' : ''}`,
    preview: previewOf(planned, shared),
    effect: `${shared.means.parent ? 'writers to the table wait (ShareLock)' : 'reads only, as a SELECT does'}; ${bytes(work.bytes)}`,
    independent: true,
    run: (io) => checkWork(io, work, shared),
  };
}

function previewOf(planned: readonly Planned[], { dumpLine }: Shared): string {
  const all = planned.flatMap(({ part, methods }) =>
    methods.map((method) => (method.id === 'dump' ? dumpLine(part) : `${method.sql}; -- ${part.shown}`)),
  );
  const more = all.length - PREVIEWED;
  // one more takes no more room than its count
  return more <= 1
    ? all.join('\n')
    : [...all.slice(0, PREVIEWED), `-- and ${more} more of the same kind`].join('\n');
}

async function checkWork(io: StepIo, work: PlannedWork, shared: Shared): Promise<Outcome> {
  const { means, ledger } = shared;
  const { shown, planned, bytes: all } = work;
  const findings: Finding[] = [];
  const enter = (finding: Finding) => {
    ledger.enter(finding);
    findings.push(finding);
  };
  // whoever reads such a table again brings the server down again, with all sessions
  const fatal = new Set<number>();
  let done = 0;
  for (const { part, methods } of planned) {
    let damaged = false;
    for (const method of methods) {
      if (fatal.has(part.table.oid)) {
        enter({ part, verdict: 'not checked', method: method.name, text: AFTER_CRASH });
        continue;
      }
      io.progress({ label: shown, phase: `${method.name} ${part.shown}`, done, of: all, unit: 'bytes' });
      const { finding, faults } = await examine(io, means, part, method);
      enter(finding);
      // what is found of an index by its table says nothing of the table
      if (finding.part !== part) continue;
      if (finding.verdict === 'crashed') fatal.add(part.table.oid);
      damaged ||= finding.verdict === 'damaged';
      // of one the finding tells all
      if (faults.length > 1)
        io.result({ title: `Faults of ${part.shown}`, columns: ['place', 'found'], rows: faults });
    }
    const rows = part.kind === 'table' || part.kind === 'toast';
    if (damaged && rows && !fatal.has(part.table.oid)) await lookCloser(io, part, shared);
    done += part.bytes;
  }
  return outcomeOf(work, findings);
}

const AFTER_CRASH = 'reading its table has just brought the server down';

/** What can still be read of a table that is damaged, and how; never the reason that a step fails. */
async function lookCloser(io: StepIo, part: Part, shared: Shared): Promise<void> {
  const { means } = shared;
  try {
    const session = await means.sessions.worker(io, SEARCH.seconds);
    const [file] = await session.run(relationFile, { oid: part.oid });
    if (file?.path != null) io.line(`Its file, below the data directory: ${file.path}`);
    // the values of a TOAST table are looked for in the rows of its table
    const { oid, schema, name } = part.table;
    const table: Part = { ...part, kind: 'table', oid, schema, name };
    const denied = deniedReading(table);
    if (denied !== undefined) return io.line(`Which rows can still be read is not known: ${denied}.`);
    await tellLost(io, session, table, shared);
    const search = await unreadableRows(session, table, SEARCH);
    const { found, ended, none } = search;
    if (none !== undefined) return io.line(`None of its rows can be read: ${none}.`);
    if (found.length === 0)
      return io.line(
        ended
          ? 'Every row that is visible can still be read.'
          : `No row that cannot be read was found in ${SEARCH.seconds} s.`,
      );
    io.result({
      title: `Rows of ${table.table.schema}.${table.table.name} that cannot be read`,
      columns: ['place (ctid)', 'primary key', 'why'],
      rows: found.map((one) => [one.place, one.key ?? (one.offset === null ? 'not readable' : '-'), one.why]),
    });
    if (!ended)
      return io.line(`The search was stopped after ${plural(found.length, 'place')}: there may be more.`);
    const saving = savingSql(table, search, session.server.major);
    if (saving.length > 0) io.line('All other rows can be saved with psql:');
    for (const statement of saving) io.line(`${statement};`);
  } catch (error) {
    io.signal.throwIfAborted();
    if (!(error instanceof DbError)) throw error;
    io.line(`Which rows can still be read was not found out: ${sentenceOf(error)}`);
  }
}

/** Which rows are gone, where a count has found that some are. */
async function tellLost(io: StepIo, session: Session, table: Part, { ledger }: Shared): Promise<void> {
  if (!ledger.bad.some(({ part, method }) => part.oid === table.oid && method === COUNT)) return;
  const keys = await lostKeys(session, table, SEARCH.rows);
  if (keys.length === 0) return;
  io.result({
    title: `Rows of ${table.table.schema}.${table.table.name} that are gone${keys.length < SEARCH.rows ? '' : `, the first ${SEARCH.rows}`}`,
    columns: ['primary key'],
    rows: keys.map((key) => [key]),
  });
}

function sentence({ part, verdict, text, method }: Finding): string {
  const what = `The ${kindOf(part)} ${part.shown}`;
  if (verdict === 'crashed') return `${what} brings the server down: ${text}.`;
  if (verdict === 'damaged') return `${what} is damaged (${method}): ${text}.`;
  return `${what} was not checked: ${text}.`;
}

function outcomeOf(work: PlannedWork, findings: readonly Finding[]): Outcome {
  const bad = findings.filter(isBad);
  const open = findings.filter(({ verdict }) => verdict === 'not checked');
  const kind = bad.length > 0 ? 'damaged' : open.length === findings.length ? 'not_checked' : 'ok';
  const told = [...bad, ...open].map(sentence);
  return new Outcome({
    kind,
    ok: bad.length === 0,
    text: told.length > 0 ? told.join('\n') : wholeText(work),
    facts: {
      relations: findings.map(({ part, verdict, method, text }) => ({
        schema: part.schema,
        name: part.name,
        kind: part.kind,
        result: verdict.replace(' ', '_'),
        method,
        found: text === '' ? null : text,
      })),
    },
  });
}

function wholeText({ kind, shown, planned }: PlannedWork): string {
  if (kind === 'catalogs') return 'The system catalogs are whole.';
  if (kind === 'sequences') return 'The sequences of no table are whole.';
  return planned.length === 1 ? `${shown} is whole.` : `${shown} is whole, and so is what belongs to it.`;
}

/** What was found of all, and what mends it; also when the run was stopped in its midst. */
function summaryStep({ ledger, database }: Shared): Step {
  return {
    id: 'summary',
    title: 'Say what was found',
    preview: 'each relation, and what mends it',
    effect: 'reads only',
    always: true,
    run: async (io) => {
      io.result(ledger.table());
      const all = ledger.verdicts();
      const bad = all.filter(isBad);
      if (bad.length > 0) return damagedOutcome(bad, database);
      if (!all.some(({ verdict }) => verdict === 'ok') && all.length > 0)
        throw checkErrors.nothingChecked({ relations: all.length });
      return undefined;
    },
  };
}

function damagedOutcome(bad: readonly Finding[], database: string): Outcome {
  const names = bad.map(({ part }) => part.shown);
  const { sentences, command } = remediesOf(bad, database);
  const what = names.length === 1 ? '1 relation is damaged' : `${names.length} relations are damaged`;
  return new Outcome({
    kind: 'damaged',
    ok: false,
    text: [`${what}: ${names.join(', ')}.`, ...sentences].join('\n'),
    facts: { relations: names, next: command ?? null },
  });
}
