import type { Session } from '../../../db/session.ts';
import type { Check } from '../../engine/plan.ts';
import { block, ok, warn } from '../look.ts';
import { roleFacts } from '../queries/roles.ts';
import type { CreateInput } from './input.ts';

const NAME_BYTES = 63;
/** Words that stand for a role, or for none. */
const RESERVED = new Set(['public', 'none', 'current_user', 'session_user', 'current_role', 'user']);

/** Whether a role can be called so. Throws DbError. */
export async function nameChecks(session: Session, name: string): Promise<Check[]> {
  const title = 'Name';
  if (Buffer.byteLength(name) > NAME_BYTES)
    return [block(title, `${name} is longer than ${NAME_BYTES} bytes, and would be cut off.`)];
  if (name.startsWith('pg_')) return [block(title, `Names that begin with pg_ are the server's own.`)];
  if (RESERVED.has(name.toLowerCase()))
    return [block(title, `${name} is a word of SQL: choose another name.`)];
  if (/[\0\n\r]/.test(name)) return [block(title, 'It has a line break in it.')];
  const [there] = await session.run(roleFacts, { role: name });
  if (there !== undefined)
    return [
      block(
        title,
        `There is a role ${name} already. To give it a new password: pgdeck role password ${name}; rights: pgdeck role grant ${name} --as …`,
      ),
    ];
  const other = name.toLowerCase();
  if (other === name) return [ok(title, `There is no role ${name}.`)];
  return [
    warn(
      title,
      `${name} has capital letters: in SQL it has to be written "${name}" with its quotes, always.`,
    ),
  ];
}

/** Whether this role may make it with these rights. Throws DbError. */
export async function createChecks(session: Session, wish: CreateInput): Promise<Check[]> {
  const title = 'Privileges';
  const { server } = session;
  if (server.standby)
    return [block(title, 'This server is a standby, which cannot be written to: connect to its primary.')];
  const [me] = await session.run(roleFacts, { role: server.user });
  if (me === undefined) return [];
  const checks: Check[] = [];
  if (!me.superuser) {
    if (!me.creates_roles)
      return [block(title, `${server.user} may not create roles: that takes CREATEROLE.`)];
    if (wish.superuser) return [block(title, 'Only a superuser may make a superuser.')];
    // before 16 whoever may create roles may give these away without having them
    const lacks = [
      wish.createdb && server.major >= 16 && !me.creates_databases ? 'CREATEDB' : undefined,
      wish.replication && (server.major < 16 || !me.replicates) ? 'REPLICATION' : undefined,
    ].filter((one) => one !== undefined);
    if (lacks.length > 0)
      return [
        block(title, `${server.user} may not give ${lacks.join(' and ')}: it does not have it to give.`),
      ];
  }
  for (const group of wish.member_of) {
    const [facts] = await session.run(roleFacts, { role: group });
    if (facts === undefined) {
      checks.push(block('Member of', `There is no role ${group} on this server.`));
      continue;
    }
    if (facts.superuser)
      checks.push(warn('Member of', `${group} is a superuser: whoever is a member of it is as good as one.`));
    if (!(facts.may_alter || me.superuser))
      checks.push(
        block(
          'Member of',
          `${server.user} may not make anybody a member of ${group}: that takes ADMIN OPTION on it.`,
        ),
      );
  }
  if (wish.superuser)
    checks.push(
      warn(
        title,
        'A superuser may do everything, on the machine of the server too. Most programs need none.',
      ),
    );
  return checks.length > 0 ? checks : [ok(title, `${server.user} may create it.`)];
}
