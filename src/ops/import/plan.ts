import type { Session } from '../../db/session.ts';
import type { Target } from '../../db/target.ts';
import { bytes, exact, plural } from '../../text/units.ts';
import { startText, stopText } from '../app/parts.ts';
import { type AppState, appCheckSteps, startSteps, stopSteps } from '../app/steps.ts';
import { backupBefore } from '../backup/before.ts';
import { poolerChecks } from '../database/pooler.ts';
import type { OpContext } from '../engine/operation.ts';
import type { Check, Plan } from '../engine/plan.ts';
import type { ImportInput } from './input.ts';
import { importPlace, takenNames } from './queries/destination.ts';
import { badTable, columnTable, manualTable, withoutLast } from './report.ts';
import { withSource } from './source/moment.ts';
import { ENDINGS, importSteps, type State } from './steps.ts';
import { type Survey, survey } from './survey/survey.ts';

/** What is in the file, what it becomes, and what speaks against it: every row is read. Throws {@link OpError} or DbError. */
export async function planImport(input: ImportInput, context: OpContext): Promise<Plan> {
  const session = await context.session();
  const file = context.here.files.resolve(input.file);
  const size = (await context.here.files.factsOf([file]))[0]?.size ?? 0;
  const [place] = await session.run(importPlace, { schema: input.schema });
  const looking = (done: number, of: number) =>
    context.looking({ label: 'rows looked at', done, of, unit: 'rows' });
  const found = await withSource(context.here, file, (source) => survey(source, input, session, looking));
  const { making, left } = found;
  const seen: Survey = {
    ...found,
    making: { ...making, newSchema: !making.existing && place?.found === false },
  };
  const { database } = session.server;
  const safety =
    !input.into_existing || input.no_safety_backup
      ? undefined
      : await backupBefore(context, database, { label: `before ${nameOf(file)} comes` });
  const state: State = { made: undefined, committed: false, rejects: undefined, report: undefined };
  const tables = making.tables.length;
  const app: AppState = { stopped: [] };
  return {
    operation: 'import sqlite',
    title: `Import ${nameOf(file)} into ${database}`,
    subject: database,
    danger: 'type-name',
    writes: true,
    server: context.place,
    input: inputOf(input, file),
    facts: [
      { label: 'Server', value: `${context.place}, PostgreSQL ${session.server.version}` },
      { label: 'File', value: `${file}, ${bytes(size)}, sound: every page of it was looked at` },
      { label: 'Rows', value: `${plural(found.rows, 'row')} in ${plural(tables, 'table')}` },
      {
        label: 'Into',
        value: `${making.existing ? 'existing tables of' : 'new tables of'} ${input.schema}${seen.making.newSchema ? ', which is made' : ''}`,
      },
      { label: 'Times without a zone', value: `are ${input.zone === '+00' ? 'UTC' : input.zone}` },
      ...(left.length === 0 ? [] : [{ label: 'Left alone', value: left.join(', ') }]),
    ],
    tables: [
      columnTable(found.columns),
      ...[badTable(found.columns), withoutLast(manualTable(found.manual))].flatMap((table) => table ?? []),
    ],
    checks: [
      ...appChecks(input, context),
      ...(await poolerChecks(context, session)),
      ...(await placeChecks(session, seen, input.schema)),
      ...found.checks,
      ...valueChecks(seen),
      ...(await reportChecks(input, context)),
      ...(safety?.checks ?? []),
    ],
    steps: [
      ...(input.restart_app ? stopSteps(context, app) : []),
      ...(safety?.steps ?? []),
      ...importSteps({
        input,
        file,
        survey: seen,
        place: context.place,
        database,
        state,
        url: urlOf(context.target),
        restart: input.restart_app ? [] : restartOf(context),
      }),
      ...(input.restart_app ? [...startSteps(context, app), ...appCheckSteps(context)] : []),
    ],
    consequence: `${plural(found.rows, 'row')} come into ${plural(tables, making.existing ? 'existing table' : 'new table')} of ${database}; the file is not changed.`,
    undo: 'undo',
    undoableInPart: () => state.committed,
    leaves: () =>
      state.committed
        ? 'The rows are there.'
        : 'Nothing was imported: the database is as it was, and so is the file.',
    reaches: () => {
      const rows = state.made?.loaded.reduce((sum, one) => sum + one.rows, 0) ?? 0;
      return `${plural(rows, 'row')} of ${nameOf(file)} are in ${database}, each cell of them compared.${rejected(state)}`;
    },
    locks: [{ family: 'import', database }],
  };
}

const nameOf = (path: string): string => path.split('/').at(-1) ?? path;

const rejected = ({ rejects }: State): string =>
  rejects === undefined
    ? ''
    : ` ${plural(rejects.values, 'value or row', 'values or rows')} had no place: ${rejects.path}`;

function inputOf(input: ImportInput, file: string): Record<string, unknown> {
  const given = Object.entries(input).filter(
    ([, value]) => value !== undefined && value !== false && !(Array.isArray(value) && value.length === 0),
  );
  return { ...Object.fromEntries(given), file };
}

async function placeChecks(session: Session, { making }: Survey, schema: string): Promise<Check[]> {
  const [place] = await session.run(importPlace, { schema });
  const block = (title: string, detail: string): Check => ({ title, status: 'block', detail });
  const checks: Check[] = [];
  if (place === undefined) return checks;
  const { user } = session.server;
  if (place.standby)
    checks.push(
      block('Database', 'This server is a standby, which cannot be written to: connect to its primary.'),
    );
  if (place.encoding !== 'UTF8')
    checks.push({
      ...{ title: 'Encoding', status: 'warn' },
      detail: `The database is in ${place.encoding}: a text with a sign that it lacks makes all of it fail.`,
    });
  if (making.existing) {
    if (!place.found)
      checks.push(block('Schema', `There is no schema ${schema}: the application's migrations make it.`));
    else if (!place.may_use) checks.push(block('Schema', `${user} may not use the schema ${schema}.`));
    return checks;
  }
  if (!place.may_create)
    checks.push(
      block(
        'Schema',
        place.found
          ? `${user} may not make tables in ${schema}: GRANT CREATE ON SCHEMA, or another one (--schema).`
          : `${user} may not make the schema ${schema}: GRANT CREATE ON DATABASE.`,
      ),
    );
  const taken = new Set((await session.run(takenNames, { schema })).map(({ name }) => name));
  const there = making.tables.filter(({ name }) => taken.has(name)).map(({ name }) => name);
  if (there.length > 0)
    checks.push(
      block(
        'Tables',
        `${there.join(', ')} ${there.length === 1 ? 'is' : 'are'} there already: load into existing tables (--into-existing), or make them in another schema (--schema).`,
      ),
    );
  return checks;
}

function valueChecks({ refused, bad, columns, manual, making }: Survey): Check[] {
  const checks: Check[] = [];
  const title = 'Values';
  const where = columns.filter((one) => one.refused > 0).map(({ table, column }) => `${table}.${column}`);
  const some = `${exact(refused)} ${refused === 1 ? 'value has' : 'values have'} no place in the type of ${where.length === 1 ? 'its column' : 'their columns'}: ${where.join(', ')}.`;
  const ways = `Leave the rows out (--reject), make NULL of the values (--null)${making.existing ? '' : ', make the columns text (--keep-text), or say what they are (--map)'}.`;
  if (refused === 0)
    checks.push({ title, status: 'ok', detail: 'Every value has a place in the type that its column gets.' });
  else if (bad === 'refuse') checks.push({ title, status: 'block', detail: `${some} ${ways}` });
  else
    checks.push({
      ...{ title, status: 'warn' },
      detail: `${some} ${bad === 'null' ? 'They become NULL' : 'Their rows are left out'}, and are written to a file.`,
    });
  if (manual.length > 0)
    checks.push({
      ...{ title: 'Not carried over', status: 'warn' },
      detail: `${plural(manual.length, 'thing')} ${manual.length === 1 ? 'is' : 'are'} not, or otherwise: ${[...new Set(manual.map(({ what }) => what))].slice(0, 10).join(', ')}${manual.length > 10 ? ', …' : ''}.`,
    });
  return checks;
}

/** Without a name the files have that of the run, and nobody else's. */
async function reportChecks({ report }: ImportInput, { here }: OpContext): Promise<Check[]> {
  if (report === undefined) return [];
  const paths = ENDINGS.map((ending) => here.files.resolve(`${report}${ending}`));
  const found = await here.files.factsOf(paths);
  const there = paths.filter((_, at) => found[at] !== undefined);
  if (there.length === 0) return [];
  return [
    { title: 'Report', status: 'block', detail: `There is ${there.join(', ')} already: name another place.` },
  ];
}

/** Rows that an application writes to the file once it is copied do not come. */
function appChecks({ restart_app }: ImportInput, { app }: OpContext): Check[] {
  if (!restart_app || app.parts.length > 0) return [];
  const detail =
    'The profile does not say what stops and starts it: set app.stop there, or restart it yourself.';
  return [{ title: 'Application', status: 'block', detail }];
}

/** What stops and starts the application, as a person types it. */
const restartOf = ({ app }: OpContext): readonly string[] => [
  ...app.parts.map(stopText),
  ...app.parts.toReversed().map(startText),
];

/** As applications are told it, without a password. */
function urlOf({ host, port, user, database }: Target): string {
  const [name, base] = [user, database].map(encodeURIComponent);
  return host.startsWith('/')
    ? `postgresql://${name}@/${base}?host=${encodeURIComponent(host)}&port=${port}`
    : `postgresql://${name}@${host.includes(':') ? `[${host}]` : host}:${port}/${base}`;
}
