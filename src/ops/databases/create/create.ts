import { quoteIdent, quoteLiteral } from '../../../db/ident.ts';
import { databaseFacts } from '../../../db/queries/database/facts.ts';
import type { Session } from '../../../db/session.ts';
import { dropDatabase } from '../../database/drop.ts';
import { inMaintenance, planningSession } from '../../database/maintenance.ts';
import { poolerChecks } from '../../database/pooler.ts';
import { defineOperation, type OpContext } from '../../engine/operation.ts';
import { KEPT, type Step } from '../../engine/plan.ts';
import { databasesErrors } from '../errors.ts';
import { createChecks } from './checks.ts';
import { finishSteps } from './finish.ts';
import { type CreateInput, createInput, differs, templateOf } from './input.ts';
import { recoverCreate, undoCreate } from './undo.ts';

/** A new database, empty or like its template. */
export const dbCreate = defineOperation({
  id: 'db create',
  input: createInput,
  fields: {
    name: { title: 'Database', hint: 'name of the new database', argument: true },
    owner: {
      title: 'Owner',
      hint: 'the role that it belongs to',
      placeholder: 'role',
      standard: ({ target }) => target.user,
      choices: (context) =>
        names(
          context,
          `SELECT rolname::text AS name FROM pg_catalog.pg_roles WHERE rolname !~ '^pg_' ORDER BY 1`,
        ),
    },
    template: {
      title: 'Template',
      hint: 'the database that it is a copy of; nobody may be in it meanwhile',
      placeholder: 'name',
      standard: (_, raw) => (differs(raw) ? 'template0, which takes any encoding and locale' : 'template1'),
      choices: (context) =>
        names(
          context,
          'SELECT datname::text AS name FROM pg_catalog.pg_database ORDER BY datistemplate DESC, 1',
        ),
    },
    encoding: {
      title: 'Encoding',
      hint: 'character set of its texts',
      placeholder: 'name',
      standard: () => "the template's",
      choices: async () => [{ value: 'UTF8', usual: true }],
    },
    locale: {
      title: 'Locale',
      hint: 'how texts are sorted and letters told apart, as the server knows it',
      placeholder: 'name',
      standard: () => "the template's",
      choices: (context) =>
        names(
          context,
          `SELECT DISTINCT collcollate::text AS name FROM pg_catalog.pg_collation WHERE collprovider = 'c' AND collcollate <> '' ORDER BY 1`,
        ),
    },
    provider: {
      title: 'Locale provider',
      hint: 'whose rules: of the system, of ICU, or of PostgreSQL itself (17)',
    },
    icu_locale: {
      title: 'ICU locale',
      hint: 'as ICU names it: de-DE, und',
      placeholder: 'name',
      when: ({ provider }) => provider === 'icu',
    },
    tablespace: {
      title: 'Tablespace',
      hint: 'where its files are',
      placeholder: 'name',
      standard: () => "the template's",
      choices: (context) =>
        names(
          context,
          `SELECT spcname::text AS name FROM pg_catalog.pg_tablespace WHERE spcname <> 'pg_global' ORDER BY 1`,
        ),
    },
    connection_limit: {
      title: 'Connection limit',
      hint: 'how many sessions may be in it at once',
      placeholder: 'n',
      standard: () => 'as many as the server',
    },
    closed: {
      title: 'For its owner only',
      hint: 'take CONNECT from PUBLIC: only its owner, superuser and who is granted it gets in',
    },
    comment: { title: 'Comment', hint: 'what it is for', placeholder: 'text', standard: () => 'none' },
  },
  plan: async (wish, context) => {
    const { name } = wish;
    const session = await planningSession(context);
    const state = { made: false };
    return {
      operation: 'db create',
      title: `Create the database ${name}`,
      subject: name,
      danger: 'confirm',
      writes: true,
      server: context.place,
      input: Object.fromEntries(
        Object.entries(wish).filter(([, value]) => value !== undefined && value !== false),
      ),
      facts: [
        { label: 'Server', value: `${context.place}, PostgreSQL ${session.server.version}` },
        { label: 'Database', value: name },
        { label: 'Owner', value: wish.owner ?? session.server.user },
        { label: 'Template', value: templateOf(wish) },
      ],
      checks: [...(await poolerChecks(context, session)), ...(await createChecks(session, wish))],
      steps: [createStep(wish, state), ...finishSteps(wish)],
      undo: 'undo',
      leaves: () => (state.made ? `${name} is there.` : `There is no database ${name}, as before.`),
      reaches: () => `${name} is there as it was asked to be.`,
      locks: [{ family: 'restore', database: name }],
    };
  },
  undo: undoCreate,
  recover: recoverCreate,
});

async function names(context: OpContext, sql: string): Promise<{ value: string }[]> {
  return (await (await planningSession(context)).sql(sql)).map((row) => ({ value: String(row.name) }));
}

function createSql(wish: CreateInput): string {
  const literal = (value: string) => quoteLiteral(value).trim();
  const { provider } = wish;
  return [
    `CREATE DATABASE ${quoteIdent(wish.name)}`,
    ...(wish.owner === undefined ? [] : [`OWNER ${quoteIdent(wish.owner)}`]),
    `TEMPLATE ${quoteIdent(templateOf(wish))}`,
    ...(wish.encoding === undefined ? [] : [`ENCODING ${literal(wish.encoding)}`]),
    ...(provider === undefined ? [] : [`LOCALE_PROVIDER ${provider}`]),
    ...(wish.locale === undefined
      ? []
      : [`${provider === 'builtin' ? 'BUILTIN_LOCALE' : 'LOCALE'} ${literal(wish.locale)}`]),
    ...(wish.icu_locale === undefined ? [] : [`ICU_LOCALE ${literal(wish.icu_locale)}`]),
    ...(wish.tablespace === undefined ? [] : [`TABLESPACE ${quoteIdent(wish.tablespace)}`]),
    ...(wish.connection_limit === undefined ? [] : [`CONNECTION LIMIT ${wish.connection_limit}`]),
  ].join(' ');
}

function createStep(wish: CreateInput, state: { made: boolean }): Step {
  const { name } = wish;
  return {
    id: 'create',
    title: `Create ${name}`,
    preview: `${createSql(wish)};`,
    effect: 'nobody may be in its template meanwhile',
    run: (io) =>
      inMaintenance(io, async (session) => {
        io.record({ db_creating: { database: name, closed: wish.closed, comment: wish.comment ?? null } });
        await session.sql(createSql(wish));
        state.made = true;
        io.crashPoint('create:created');
        const [made] = await session.run(databaseFacts, { database: name });
        io.record({ db_created: { database: name, oid: made?.oid ?? 0 } });
        await seeItMade(session, wish);
      }),
    rollback: (io) =>
      inMaintenance(io, async (session) => {
        if (!state.made) return KEPT;
        await dropDatabase(session, { name, is_template: false });
        state.made = false;
        io.line(`Dropped ${name} again.`);
        return undefined;
      }),
  };
}

async function seeItMade(session: Session, wish: CreateInput): Promise<void> {
  const [made] = await session.run(databaseFacts, { database: wish.name });
  if (made === undefined) throw databasesErrors.notAsMeant({ database: wish.name, why: 'it is not there' });
  if (wish.owner !== undefined && made.owner !== wish.owner)
    throw databasesErrors.notAsMeant({ database: wish.name, why: `it belongs to ${made.owner}` });
}
