import { z } from 'zod';
import type { Session } from '../../../db/session.ts';
import { plural } from '../../../text/units.ts';
import { poolerChecks } from '../../database/pooler.ts';
import { defineOperation, type OpContext } from '../../engine/operation.ts';
import type { Check, Fact, Step } from '../../engine/plan.ts';
import { roleErrors } from '../errors.ts';
import { roleChoices } from '../fields.ts';
import { block, ok, roleOf, warn } from '../look.ts';
import type { RoleFacts } from '../queries/roles.ts';
import { carryOut } from '../transaction.ts';
import { type Grant, type GrantKind, grantsOf, KINDS, type Look, lookAt } from './rights.ts';
import { recoverGrant, undoGrant } from './undo.ts';

/** Gives a role what it is for: what it lacks of it, and nothing else. */
export const roleGrant = defineOperation({
  id: 'role grant',
  input: z.object({
    name: z.string().min(1),
    as: z.enum(KINDS),
    database: z.string().min(1).optional(),
    schema: z.array(z.string().min(1)).default([]),
  }),
  fields: {
    name: { title: 'Role', hint: 'the role that gets it', argument: true, choices: roleChoices },
    as: {
      title: 'As',
      hint: 'what it is for: all of a database, reading and writing rows, reading them, or watching the server',
    },
    database: {
      title: 'Database',
      hint: 'the database that it is about',
      placeholder: 'name',
      standard: ({ target }) => target.database,
      choices: databaseChoices,
    },
    schema: {
      title: 'Schemas',
      hint: 'only in this schema',
      placeholder: 'name',
      standard: () => 'all of the database',
      choices: schemaChoices,
      when: ({ as }) => as !== 'monitor',
    },
  },
  plan: async ({ name, as, database, schema }, context) => {
    const where = database ?? context.target.database;
    const session = await context.session(where);
    const role = await roleOf(session, name);
    const look = await lookAt(session, role, as, schema);
    const grants = role.superuser ? [] : grantsOf(look, role, as, session.server.major);
    const state = { done: false };
    return {
      operation: 'role grant',
      title: `Give ${name} what it takes to be ${WORDS[as]} ${as === 'monitor' ? 'of the server' : `of ${where}`}`,
      subject: name,
      danger: 'confirm',
      writes: true,
      server: context.place,
      input: { name, as, ...(database !== undefined && { database }), ...(schema.length > 0 && { schema }) },
      facts: factsOf(session, role, look, as, grants),
      checks: [...(await poolerChecks(context, session)), ...checksOf(session, role, look, as)],
      steps: grants.length === 0 ? [] : [grantStep({ where, role, as, schema, grants }, state)],
      ...(grants.length > 0 && { undo: 'undo' as const }),
      leaves: () => (state.done ? `${name} has what was granted.` : `${name} may do what it could before.`),
      reaches: () =>
        grants.length === 0
          ? `${name} has all of it already.`
          : `${name} is ${WORDS[as]} ${as === 'monitor' ? 'of the server' : `of ${where}`}, of what will be made there too.`,
      locks: [{ family: 'role', database: where }],
    };
  },
  undo: undoGrant,
  recover: recoverGrant,
});

const WORDS: Readonly<Record<GrantKind, string>> = {
  owner: 'an owner',
  'read-write': 'a reader and writer',
  'read-only': 'a reader',
  monitor: 'a monitor',
};

async function databaseChoices(context: OpContext): Promise<{ value: string; hint: string }[]> {
  const rows = await (await context.session()).sql(
    `SELECT /* pgdeck */ datname::text AS name, pg_get_userbyid(datdba)::text AS owner FROM pg_catalog.pg_database WHERE datallowconn AND NOT datistemplate ORDER BY 1`,
  );
  return rows.map(({ name, owner }) => ({ value: String(name), hint: `of ${String(owner)}` }));
}

async function schemaChoices(
  context: OpContext,
  { database }: Readonly<Record<string, unknown>>,
): Promise<{ value: string; hint: string }[]> {
  const session = await context.session(
    typeof database === 'string' && database !== '' ? database : undefined,
  );
  const rows = await session.sql(
    `SELECT /* pgdeck */ nspname::text AS name, pg_get_userbyid(nspowner)::text AS owner FROM pg_catalog.pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' ORDER BY 1`,
  );
  return rows.map(({ name, owner }) => ({ value: String(name), hint: `of ${String(owner)}` }));
}

function factsOf(
  { server }: Session,
  role: RoleFacts,
  { database, schemas, missing }: Look,
  as: GrantKind,
  grants: readonly Grant[],
): Fact[] {
  const has: string[] = [
    ...(database.has_connect ? ['connect'] : []),
    ...(as === 'monitor' && database.has_monitor ? ['pg_monitor'] : []),
    ...(as !== 'monitor'
      ? [`use ${schemas.filter((one) => one.has_usage).length} of ${plural(schemas.length, 'schema')}`]
      : []),
    ...(as === 'owner' && database.acts_as_owner
      ? [`do what ${database.owner} may, who owns ${database.name}`]
      : []),
  ];
  const objects = new Set(missing.map(({ kind, identity }) => `${kind} ${identity}`)).size;
  return [
    { label: 'Server', value: `${server.user} on PostgreSQL ${server.version}` },
    { label: 'Database', value: `${database.name}, of ${database.owner}` },
    ...(as === 'monitor'
      ? []
      : [{ label: 'Schemas', value: schemas.map(({ name }) => name).join(', ') || 'none' }]),
    {
      label: 'May already',
      value: role.superuser ? 'everything: it is a superuser' : has.join(', ') || 'nothing of it',
    },
    {
      label: 'Lacks',
      value:
        grants.length === 0
          ? 'nothing'
          : `${plural(grants.length, 'statement')}${objects > 0 ? `, rights on ${plural(objects, 'object')}` : ''}`,
    },
  ];
}

function checksOf(session: Session, role: RoleFacts, look: Look, as: GrantKind): Check[] {
  const { server } = session;
  const { database, schemas, unknown, missing, reachable } = look;
  const title = 'Privileges';
  if (server.standby)
    return [block(title, 'This server is a standby, which cannot be written to: connect to its primary.')];
  if (unknown.length > 0)
    return [
      block(
        'Schemas',
        `There is no schema ${unknown.join(', ')} in ${database.name} that is not the server's own.`,
      ),
    ];
  if (role.superuser) return [ok(title, `${role.name} is a superuser, and may do everything.`)];
  const checks: Check[] = [];
  const whole = as === 'owner' && !database.owner_super && !database.acts_as_owner;
  // they have to be a superuser's or the owner's to give; what is not given raises only a warning
  const others = [
    ...new Set(
      missing
        .filter(({ mine, owner }) => !mine && !(whole && owner === database.owner))
        .map(({ owner }) => owner),
    ),
  ];
  if (others.length > 0)
    checks.push(
      block(
        title,
        `${server.user} may not grant rights on what belongs to ${others.join(', ')}: connect as a superuser, or as a member of ${others.length === 1 ? 'it' : 'all of them'}.`,
      ),
    );
  const closed = schemas.filter(
    ({ mine, owner, has_usage, has_create }) =>
      !mine && !(whole && owner === database.owner) && (!has_usage || (as === 'owner' && !has_create)),
  );
  if (as !== 'monitor' && closed.length > 0)
    checks.push(
      block(
        title,
        `${server.user} may not grant rights on the schema ${closed.map(({ name }) => name).join(', ')}, which belongs to ${closed.map(({ owner }) => owner).join(', ')}.`,
      ),
    );
  if (!database.has_connect && !database.mine)
    checks.push(
      block(
        title,
        `${role.name} may not connect to ${database.name}, and only ${database.owner} may let it.`,
      ),
    );
  if (as === 'monitor' && !database.has_monitor && !server.rights.superuser && server.major < 16)
    checks.push(warn(title, 'pg_monitor is given by superusers and by those who may create roles.'));
  if (!role.inherits && server.major < 16 && (as === 'monitor' || whole))
    checks.push(
      warn(
        'NOINHERIT',
        `${role.name} does not inherit: it has these rights after SET ROLE only. ALTER ROLE … INHERIT changes that.`,
      ),
    );
  if (as === 'owner' && database.owner_super && !database.acts_as_owner)
    checks.push(
      warn(
        'Owner',
        `${database.name} belongs to ${database.owner}, a superuser, whose rights are not given away: ${role.name} becomes the owner of the database, and gets rights on what is in it. To hand over the objects too: REASSIGN OWNED.`,
      ),
    );
  if (whole)
    checks.push(
      ok('Owner', `${role.name} becomes a member of ${database.owner}, which owns ${database.name}.`),
    );
  const skipped = [...new Set(schemas.flatMap(({ owner, owners }) => [owner, ...owners]))].filter(
    (one) => !reachable.has(one) && !(whole && one === database.owner),
  );
  if (as !== 'monitor' && skipped.length > 0)
    checks.push(
      warn(
        'New objects',
        `What ${skipped.join(', ')} will make there is not granted by itself: ${server.user} may not set that for ${skipped.length === 1 ? 'it' : 'them'}.`,
      ),
    );
  return checks.length > 0 ? checks : [ok(title, `${server.user} may grant it.`)];
}

interface Granting {
  readonly where: string;
  readonly role: RoleFacts;
  readonly as: GrantKind;
  readonly schema: readonly string[];
  readonly grants: readonly Grant[];
}

function grantStep(granting: Granting, state: { done: boolean }): Step {
  const { where, role, as, schema, grants } = granting;
  const statements = grants.map(({ sql }) => sql);
  return {
    id: 'grant',
    title: `Grant it in one transaction, and see that it holds`,
    preview: ['BEGIN', ...statements, 'COMMIT'].map((sql) => `${sql};`).join('\n'),
    effect: 'nobody is disturbed',
    atomic: true,
    run: async (io) => {
      const session = await io.connect(where);
      if ((await roleOf(session, role.name)).oid !== role.oid) throw roleErrors.changed({ role: role.name });
      io.record({
        grant: {
          role: role.name,
          oid: role.oid,
          database: where,
          back: grants.map(({ back }) => back).reverse(),
        },
      });
      await carryOut(session, statements, async () => {
        await seeHeld(session, granting);
        io.crashPoint('grant:granted');
      });
      state.done = true;
      io.crashPoint('grant:committed');
      const { schemas } = await lookAt(session, role, as, schema);
      io.line(
        `${role.name} has it: ${plural(grants.length, 'statement')}, in ${plural(schemas.length, 'schema')}.`,
      );
      await session.close();
    },
  };
}

/** A GRANT of what one may not give raises only a warning: what the role may now is asked. Throws {@link OpError}. */
async function seeHeld(session: Session, { role, as, schema }: Granting): Promise<void> {
  const now = await lookAt(session, role, as, schema);
  const lacks = [
    ...(now.database.has_connect ? [] : [`CONNECT on ${now.database.name}`]),
    ...(as === 'monitor' && !now.database.has_monitor && role.inherits ? ['pg_monitor'] : []),
    ...(as === 'monitor'
      ? []
      : now.schemas.filter((one) => !one.has_usage).map(({ name }) => `USAGE on ${name}`)),
    ...now.missing.slice(0, 5).map(({ privilege, identity }) => `${privilege} on ${identity}`),
  ];
  // rights of a member that does not inherit are there after SET ROLE
  const member = as === 'owner' && !role.inherits && session.server.major < 16;
  if (lacks.length > 0 && !member) throw roleErrors.notGranted({ missing: lacks.join(', ') });
}
