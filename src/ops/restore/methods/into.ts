import { quoteIdent } from '../../../db/ident.ts';
import { databaseFacts } from '../../../db/queries/database/facts.ts';
import { shellWord } from '../../../text/shell.ts';
import { createMarked, databaseOf, type Likeness, likenessOf, markedPreview } from '../../database/create.ts';
import { dropFresh } from '../../database/drop.ts';
import { inMaintenance } from '../../database/maintenance.ts';
import { freshName } from '../../database/names.ts';
import { type Check, KEPT, type Step } from '../../engine/plan.ts';
import type { CopyFacts } from '../../kept/kept.ts';
import type { Manifest } from '../../repository/manifest.ts';
import { contentChecks } from '../checks/content.ts';
import { diskChecks } from '../checks/disk.ts';
import { needsChecks } from '../checks/needs.ts';
import { newChecks } from '../checks/whole.ts';
import { restoreErrors } from '../errors.ts';
import { expectedOf } from '../load/expected.ts';
import { contentsCount } from '../queries/contents.ts';
import type { Situation } from '../situation.ts';
import { fillSteps } from '../steps/fill.ts';
import { readStep } from '../steps/read.ts';
import { newState, RUN } from '../steps/state.ts';
import type { MethodPlan } from './method.ts';
import { takeName, takeNameSql } from './take-name.ts';

/** Into a database of its own. One that is there already is used when it is empty, for what a superuser prepared in it. */
export async function intoWay(situation: Situation): Promise<MethodPlan> {
  const { database, live, source, backup, input } = situation;
  const { checks, extensions } = await placeChecks(situation);
  const needs = await needsChecks(situation, extensions);
  checks.push(...needs.checks, ...contentChecks(situation, 'new'), ...newChecks(situation));
  if (source === undefined)
    return { checks, steps: [], leaves: () => undefined, reaches: () => 'Nothing was changed.' };
  checks.push(...(await diskChecks(situation, { noTablespaces: needs.noTablespaces })));
  const state = newState(backup.manifest && expectedOf(backup.manifest));
  const properties = input.no_owner ? [] : propertiesFor(backup.manifest, database);
  const fill = fillSteps({
    situation,
    source,
    state,
    database: (run) => (live === undefined ? freshName(database, run) : database),
    shown: live === undefined ? freshName(database, RUN) : database,
    noTablespaces: needs.noTablespaces,
  });
  const steps: Step[] = [
    ...readStep({ source, input }, state, false),
    live === undefined ? createStep(database, await likeness(situation)) : reuseStep(database),
    ...fill,
    ...(live === undefined ? [nameStep(situation, properties)] : []),
  ];
  return {
    checks,
    steps,
    leaves: ({ done, takenBack }) => leftIn(database, live !== undefined, done, takenBack),
    reaches: () => `${database} is the restored copy. No other database was touched.`,
    danger: live === undefined && !input.ignore_space ? 'confirm' : 'type-name',
    consequence:
      live === undefined
        ? `A new database ${database} is created. Nothing that is there is changed.`
        : `${database} is empty and gets the backup. If that fails, what was loaded until then stays in it.`,
    undo: {
      command: live === undefined ? `pgdeck db drop ${shellWord(database)}` : dropCommand(situation),
    },
  };
}

function leftIn(
  database: string,
  reused: boolean,
  done: ReadonlySet<string>,
  takenBack: boolean,
): string | undefined {
  const others = 'No other database was touched.';
  if (reused)
    return done.has('empty')
      ? `What was loaded until then stays in ${database}: empty it before you try again. ${others}`
      : `${database} is still empty. ${others}`;
  if (done.has('name')) return `${database} is there, complete. ${others}`;
  return takenBack ? `There is no ${database}. ${others}` : others;
}

async function placeChecks(situation: Situation): Promise<{ checks: Check[]; extensions: string[] }> {
  const { live, database, session, context } = situation;
  const title = 'Database';
  if (live === undefined) {
    const [row] = await session.sql(
      'SELECT rolsuper OR rolcreatedb AS may FROM pg_roles WHERE rolname = current_user',
    );
    const check: Check =
      row?.may === true
        ? { title, status: 'ok', detail: `There is no ${database} yet.` }
        : {
            title,
            status: 'block',
            detail: `${session.server.user} may not create databases: ALTER ROLE ${quoteIdent(session.server.user)} CREATEDB.`,
          };
    return { checks: [check], extensions: [] };
  }
  const contents = await contentsOf(context, database);
  const things = (contents?.relations ?? 0) + (contents?.others ?? 0);
  const check: Check =
    things > 0
      ? {
          title,
          status: 'block',
          detail: `There is a database ${database} already, and it is not empty. Name another one, or replace it: leave --into out and give --database ${database}.`,
        }
      : { title, status: 'ok', detail: `${database} is there, and empty.` };
  return { checks: [check], extensions: contents?.extensions ?? [] };
}

async function contentsOf(context: Situation['context'], database: string) {
  const session = await context.open('pgdeck-plan', database);
  try {
    const [contents] = await session.run(contentsCount, undefined);
    return contents;
  } finally {
    await session.close();
  }
}

/** One that was there before is not pgdeck's to drop. */
function dropCommand({ context, database }: Situation): string {
  const { host, port, user } = context.target;
  return ['dropdb', '-h', host, '-p', String(port), '-U', user, '--', database].map(shellWord).join(' ');
}

/** As the database that was backed up; of a file that does not say, as the one that is connected to. */
async function likeness(situation: Situation): Promise<Likeness> {
  const { backup, session, context } = situation;
  const like = backup.manifest?.database;
  if (like !== undefined) {
    const { encoding, collate, ctype, locale_provider: provider, locale, icu_rules } = like;
    // before 15 the server has no providers, and knows no word for them
    const known = session.server.major >= 15 ? provider : null;
    if (collate !== null && ctype !== null)
      return { encoding, lc_collate: collate, lc_ctype: ctype, provider: known, locale, icu_rules };
  }
  const [facts] = await session.run(databaseFacts, { database: context.target.database });
  return plain(likenessOf(facts ?? (await databaseOf(session, 'template1'))));
}

function plain({ encoding, lc_collate, lc_ctype, provider, locale, icu_rules }: Likeness): Likeness {
  return { encoding, lc_collate, lc_ctype, provider, locale, icu_rules };
}

function createStep(database: string, like: Likeness): Step {
  return {
    id: 'create',
    title: 'Create it, under another name until it is complete',
    preview: markedPreview({
      ...{ fresh: freshName(database, RUN), like, open: false },
      marker: { pgdeck: 'restoring', target: database, run: RUN },
    }),
    run: (io) =>
      inMaintenance(io, async (session) => {
        const marker = { pgdeck: 'restoring' as const, target: database, run: io.run };
        await createMarked(io, session, { fresh: freshName(database, io.run), like, marker, open: false });
      }),
    rollback: (io) =>
      inMaintenance(io, async (session) => {
        const fresh = freshName(database, io.run);
        if (!(await dropFresh(session, fresh, io.run))) return KEPT;
        io.line(`Dropped ${fresh}.`);
        return undefined;
      }),
  };
}

/** Nobody may have put anything there since it was planned. */
function reuseStep(database: string): Step {
  return {
    id: 'empty',
    title: `See that ${database} is still empty`,
    preview: 'count of relations, functions, types, schemas and large objects',
    run: async (io) => {
      const session = await io.connect(database);
      try {
        const [contents] = await session.run(contentsCount, undefined);
        if ((contents?.relations ?? 0) + (contents?.others ?? 0) > 0)
          throw restoreErrors.notEmpty({ database });
      } finally {
        await session.close();
      }
    },
  };
}

/** In one transaction: the name, and what makes it the database that was backed up rather than a copy of its tables. */
function nameStep({ database, backup }: Situation, properties: readonly string[]): Step {
  // without grants of its own everybody may connect, as to any new database
  const open = `GRANT CONNECT ON DATABASE ${quoteIdent(database)} TO PUBLIC`;
  const granted = properties.some((sql) => sql.startsWith('REVOKE ALL ON DATABASE '));
  const all = [...(granted ? [] : [open]), ...properties];
  return {
    id: 'name',
    title: `Give it the name ${database}, and the owner, grants and settings that were backed up`,
    preview: takeNameSql(freshName(database, RUN), database, all)
      .map((sql) => `${sql};`)
      .join('\n'),
    run: (io) =>
      inMaintenance(io, async (session) => {
        const fresh = freshName(database, io.run);
        const { oid } = await databaseOf(session, fresh);
        // its comment is the backup's: that pgdeck has made it stands here
        const copy: CopyFacts = { database, oid, of: backup.database };
        io.record({ copy });
        await takeName(session, fresh, database, all);
      }),
  };
}

/** The statements of a manifest name the database that was backed up: they get the new name. */
export function propertiesFor(manifest: Manifest | undefined, database: string): string[] {
  if (manifest === undefined) return [];
  const { name, properties } = manifest.database;
  const written = [quoteIdent(name), name];
  return properties.flatMap((sql) => {
    const found = written
      .map((one) => ({ one, at: sql.indexOf(` DATABASE ${one} `) }))
      .find(({ at }) => at >= 0);
    if (found === undefined) return [];
    const { one, at } = found;
    return [
      `${sql.slice(0, at)} DATABASE ${quoteIdent(database)}${sql.slice(at + ' DATABASE '.length + one.length)}`,
    ];
  });
}
