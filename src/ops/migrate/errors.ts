import { displayName, quoteIdent, quoteRelation } from '../../db/ident.ts';
import { duration, plural } from '../../text/units.ts';
import { defineErrors, failed, refused } from '../error.ts';
import type { InvalidIndex } from './queries/leftovers.ts';

const BEGIN = 'Name it with --dir, or begin with: pgdeck migrate create NAME';
const STATUS = 'See them with: pgdeck migrate status';
const AGAIN = 'Plan it again.';

/** Migrations of a failed rehearsal that are told; the rest is counted. */
const TOLD = 3;

/** What to do about an index that is not valid. */
function indexSentence(index: InvalidIndex): string {
  const name = displayName(index.schema, index.name);
  return `The index ${name} on ${displayName(index.table_schema, index.table_name)} is INVALID: it is not used for reading. Repair it with: pgdeck migrate repair ${name}`;
}

export const migrateErrors = defineErrors('migrate', {
  // which tool, and where
  noTool: ({ tool, known }: { tool: string | undefined; known: readonly string[] }) =>
    refused(`There is no tool ${tool}.`, `Known are: ${known.join(', ')}.`),
  notOfTool: ({ directory, tool }: { directory: string; tool: string }) =>
    refused(`${directory} is no directory of ${tool}.`, BEGIN),
  /** `claim`: whose migrations they would be, and what begins them. */
  nothing: ({
    directory,
    below,
    claim,
  }: {
    directory: string;
    below: readonly string[];
    claim: { readonly by: string; readonly next: string } | undefined;
  }) => {
    const none = `There are no migrations in ${directory}, or in ${below.join(' or ')} below it`;
    return claim === undefined
      ? refused(`${none}.`, BEGIN)
      : refused(`${none}; there is ${claim.by}.`, claim.next);
  },
  /** `evidence`: what says the first; `table`: in the database, of another. */
  twoTools: ({
    directory,
    formats,
    evidence,
    table,
  }: {
    directory: string;
    formats: readonly string[];
    evidence: string | undefined;
    table: string;
  }) =>
    refused(
      `Whose migrations are in ${directory} is not certain: ${evidence === undefined ? '' : `there is ${evidence}, and `}the database has ${table}.`,
      `Say it with ${formats.map((format) => `--tool ${format}`).join(' or ')}.`,
    ),
  /** SQL files that could be of several tools, or of none that is known. */
  undecided: ({
    directory,
    files,
    formats,
  }: {
    directory: string;
    files: readonly string[];
    formats: readonly { readonly name: string; readonly title: string }[];
  }) => {
    const [first = '', second] = files;
    const named = second === undefined ? first : `${first}, ${second}${files.length > 2 ? ', …' : ''}`;
    const there = `${directory} has ${plural(files.length, 'SQL file')} (${named})`;
    return formats.length === 0
      ? refused(
          `${there} that no tool which pgdeck knows would take for migrations.`,
          'Name them as one of them does (see --format of pgdeck migrate create), or name another directory with --dir.',
        )
      : refused(
          `${there} that ${files.length === 1 ? 'looks like a migration' : 'look like migrations'} of ${formats.map(({ title }) => title).join(' or ')}, and nothing in the project or the database says whose they are.`,
          `Say it with ${formats.map(({ name }) => `--tool ${name}`).join(' or ')}.`,
        );
  },

  // which migration
  noMigration: ({ version, directory }: { version: string; directory?: string }) =>
    refused(`There is no migration ${version}${directory === undefined ? '' : ` in ${directory}`}.`, STATUS),
  belowIsUp: ({ version }: { version: string }) =>
    refused(
      `${version} is not applied, and going down cannot get there.`,
      `Use: pgdeck migrate up --to ${version}`,
    ),
  /** `why`: what is wrong in the file, with its line. */
  badFile: ({ why }: { why: string }) => refused(why),

  // the history
  unreadable: ({ schema, name, user }: { schema: string; name: string; user: string }) => {
    const table = quoteRelation({ schema, name });
    return refused(
      `${user} may not read ${table}, which says what is applied.`,
      `Run: GRANT SELECT ON ${table} TO ${quoteIdent(user)}`,
    );
  },
  /** `why`: what the server says of a column. */
  unlike: ({ schema, name, tool, why }: { schema: string; name: string; tool: string; why: string }) =>
    refused(
      `${quoteRelation({ schema, name })} is not as ${tool} makes it. ${why}`,
      'Use the database that belongs to these files, or make the table right.',
    ),
  rowsHidden: ({ schema, name, user }: { schema: string; name: string; user: string }) => {
    const table = quoteRelation({ schema, name });
    return refused(
      `Row security hides rows of ${table}, which says what is applied, from ${user}.`,
      `Connect as its owner, or run: ALTER TABLE ${table} DISABLE ROW LEVEL SECURITY`,
    );
  },

  twoHistories: ({ tables }: { tables: readonly string[] }) =>
    refused(
      `${tables.join(' and ')} both have rows of these files: which one is their history is not certain.`,
      'Name it in the settings of the tool (migrations.table and migrations.schema of drizzle.config), or drop the other one.',
    ),

  // the plan
  severalDestinations: () =>
    refused('--to, --steps, --base and --only exclude each other.', 'Give one of them.'),
  inOrderOnly: ({ tool }: { tool: string }) =>
    refused(`${tool} rolls migrations back in their order only.`, 'Use --to or --steps.'),
  noHazard: ({ names, known }: { names: readonly string[]; known: readonly string[] }) =>
    refused(
      `${names.join(', ')} ${names.length === 1 ? 'is no hazard' : 'are no hazards'}.`,
      `--acknowledge takes: ${known.join(', ')}.`,
    ),
  changed: () =>
    refused(
      'The migrations, or what is applied of them, have changed since this was planned. Nothing was done.',
      AGAIN,
    ),
  lockLost: () =>
    failed(
      'The connection that held the migration lock is gone.',
      'See what is applied with: pgdeck migrate status',
    ),
  /** `waited`: seconds; `who`: the holder's session in words. */
  busy: ({ holder, waited }: { holder: { pid: number; who: string } | undefined; waited: number }) =>
    failed(
      `Another run of migrations holds the lock: ${holder?.who ?? 'a session that has released it meanwhile'}${waited > 0 ? `; waited ${duration(waited)} for it` : ''}. Nothing was done.`,
      holder === undefined
        ? 'Try again.'
        : `Wait longer with --wait, or end it with: pgdeck terminate ${holder.pid}`,
    ),
  /** `who`: a sentence that names the other run. */
  unsettled: ({ who }: { who: string }) =>
    refused(`${who} It is in the middle of a migration.`, 'Wait for it: --wait SECONDS'),
  rehearsalFailed: ({
    database,
    found,
  }: {
    database: string;
    found: readonly { readonly version: string; readonly message: string }[];
  }) => {
    const told = found.slice(0, TOLD).map(({ version, message }) => `${version}: ${message}`);
    if (found.length > TOLD) told.push(`And ${found.length - TOLD} more, which the rehearsal lists.`);
    return failed(`The rehearsal failed, and ${database} was not touched: ${told.join(' ')}`);
  },

  // repair
  nothingToMend: ({ name, ids }: { name: string; ids: readonly string[] }) =>
    refused(
      `There is nothing to repair in ${name}.`,
      ids.length === 0 ? 'Everything is as it should be.' : `There is: ${ids.join(', ')}.`,
    ),
  noWay: ({ id, action, ways }: { id: string; action: string | undefined; ways: readonly string[] }) =>
    refused(`${id} is not repaired with --action ${action}.`, `Its ways are: ${ways.join(', ')}.`),
  changedMeanwhile: () => refused('What is to be repaired has changed meanwhile. Nothing was done.', AGAIN),
  notMended: ({ what }: { what: string }) => failed(`It is not repaired: ${what}`),

  // what is looked for afterwards
  /** `wrong`: versions that the history says otherwise of. */
  notAsPlanned: ({ wrong, indexes }: { wrong: readonly string[]; indexes: readonly InvalidIndex[] }) =>
    failed(
      [
        ...(wrong.length === 0
          ? []
          : [`The history does not say what was planned of ${wrong.join(', ')}. See: pgdeck migrate status`]),
        ...indexes.map(indexSentence),
      ].join('\n'),
    ),
  notSound: ({
    problems,
    indexes,
  }: {
    problems: readonly { readonly message: string }[];
    indexes: readonly InvalidIndex[];
  }) => failed([...problems.map(({ message }) => message), ...indexes.map(indexSentence)].join('\n')),
});
