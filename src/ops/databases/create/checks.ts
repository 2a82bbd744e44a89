import { databaseFacts } from '../../../db/queries/database/facts.ts';
import type { Session } from '../../../db/session.ts';
import { plural } from '../../../text/units.ts';
import { isDerivedName } from '../../database/names.ts';
import type { Check } from '../../engine/plan.ts';
import { block, ok, warn } from '../checks.ts';
import { createKnown, mayGiveTo } from '../queries/create.ts';
import { type CreateInput, templateOf } from './input.ts';

const NAME_BYTES = 63;

/** What the server would say of it, asked before. Throws DbError. */
export async function createChecks(session: Session, wish: CreateInput): Promise<Check[]> {
  const { server } = session;
  if (server.standby)
    return [
      block('Database', 'This server is a standby, which cannot be written to: connect to its primary.'),
    ];
  const template = templateOf(wish);
  const [[there], [from], [known]] = await Promise.all([
    session.run(databaseFacts, { database: wish.name }),
    session.run(databaseFacts, { database: template }),
    session.run(createKnown, {
      ...wish,
      template,
      encoding: wish.encoding,
      locale: wish.locale,
      tablespace: wish.tablespace,
    }),
  ]);
  const checks: Check[] = [...nameChecks(wish.name, there !== undefined)];
  const add = (when: boolean, title: string, detail: string) => {
    if (when) checks.push(block(title, detail));
  };
  if (from === undefined) add(true, 'Template', `There is no database ${template} on this server.`);
  else {
    add(!from.may_create, 'Privileges', `${server.user} may not create databases: ALTER ROLE … CREATEDB.`);
    add(
      !from.is_template && !from.owned,
      'Template',
      `${template} is no template and belongs to ${from.owner}: only ${from.owner} or a superuser may copy it.`,
    );
    add(
      (known?.in_template ?? 0) > 0,
      'Template',
      `${plural(known?.in_template ?? 0, 'session')} in ${template}: nobody may be in it while it is copied.`,
    );
    add(
      known?.collation_changed === true,
      'Template',
      `${template} was sorted by other rules than the system has now: ALTER DATABASE ${template} REFRESH COLLATION VERSION, after a look at its indexes.`,
    );
  }
  checks.push(...(await ownerChecks(session, wish.owner)));
  add(
    known?.encoding === false,
    'Encoding',
    `${wish.encoding} is no encoding of PostgreSQL's servers: UTF8 is what is meant by most.`,
  );
  add(
    known?.tablespace === false,
    'Tablespace',
    `There is no tablespace ${wish.tablespace}, or ${server.user} may not use it.`,
  );
  add(
    wish.provider !== undefined && server.major < 15,
    'Locale provider',
    `A database has a locale provider from PostgreSQL 15 on; this is ${server.version}.`,
  );
  add(
    wish.provider === 'builtin' && server.major < 17,
    'Locale provider',
    `The provider builtin is there from PostgreSQL 17 on; this is ${server.version}.`,
  );
  add(
    wish.provider === 'icu' && known?.icu === false,
    'Locale provider',
    'This server was built without ICU.',
  );
  if (wish.provider !== 'builtin' && known?.locale === false)
    checks.push(
      warn(
        'Locale',
        `No collation of the server is of ${wish.locale}: the system may know it all the same, and says so.`,
      ),
    );
  return checks.some(({ status }) => status !== 'ok')
    ? checks
    : [ok('Database', `There is no database ${wish.name}, and ${server.user} may create it.`)];
}

function nameChecks(name: string, there: boolean): Check[] {
  const title = 'Name';
  if (Buffer.byteLength(name) > NAME_BYTES)
    return [block(title, `${name} is longer than ${NAME_BYTES} bytes, and would be cut off.`)];
  if (/[\0\n\r]/.test(name)) return [block(title, 'It has a line break in it.')];
  if (there) return [block(title, `There is a database ${name} already. To make it anew: pgdeck db reset`)];
  if (isDerivedName(name))
    return [block(title, `${name} is named like a copy that pgdeck makes: choose another name.`)];
  if (name.toLowerCase() !== name)
    return [
      warn(
        title,
        `${name} has capital letters: in SQL it has to be written "${name}" with its quotes, always.`,
      ),
    ];
  return [];
}

async function ownerChecks(session: Session, owner: string | undefined): Promise<Check[]> {
  if (owner === undefined) return [];
  const [giving] = await session.run(mayGiveTo, { role: owner });
  if (giving === undefined)
    return [
      block('Owner', `There is no role ${owner} on this server. Make it with: pgdeck role create ${owner}`),
    ];
  if (giving.may || session.server.rights.superuser) return [];
  return [block('Owner', `${session.server.user} may not give it to ${owner}, of which it is no member.`)];
}
