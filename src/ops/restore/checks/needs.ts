import { quoteIdent } from '../../../db/ident.ts';
import { restoreExtensions, restoreRoles, restoreTablespaces } from '../../../db/queries/restore/facts.ts';
import type { Check } from '../../engine/plan.ts';
import type { Situation } from '../situation.ts';
import type { Needs } from '../source/needs.ts';

/** What the backup needs that this server lacks, with the SQL that gives it. `there` are extensions that exist already. */
export async function needsChecks(
  situation: Situation,
  there: readonly string[] = [],
): Promise<{ checks: Check[]; noTablespaces: boolean }> {
  const { session, needs, server, input, source } = situation;
  if (needs === undefined) return { checks: [], noTablespaces: false };
  const checks: Check[] = [];
  // what is no archive names them itself
  const asItStands = source !== undefined && source.toc === undefined;
  if (input.no_owner && asItStands)
    checks.push({
      title: 'Roles',
      status: 'block',
      detail:
        'A plain dump is loaded as it stands, with its owners and grants: leave --no-owner out, or use a backup of ' +
        'another format.',
    });
  if (!input.no_owner) checks.push(...(await roleChecks(situation, needs)));
  const extensions = await session.run(restoreExtensions, { extensions: needs.extensions });
  const missing = extensions.filter(({ known }) => !known).map(({ name }) => name);
  if (missing.length > 0)
    checks.push({
      title: 'Extensions',
      status: 'block',
      detail: `The backup needs ${missing.join(', ')}, which this server does not have. Install the package, such as postgresql-${server.major}-${missing[0]?.replaceAll('_', '-')}.`,
    });
  const closed = extensions.filter(
    ({ name, known, open }) => known && !open && !server.rights.superuser && !there.includes(name),
  );
  if (closed.length > 0)
    checks.push({
      title: 'Extensions',
      status: 'block',
      detail:
        `Only a superuser can create ${closed.map(({ name }) => name).join(', ')}. Have one create a database with ` +
        `${closed.length === 1 ? 'it' : 'them'} and restore into that with --into, or connect as a superuser.`,
    });
  const tablespaces = await session.run(restoreTablespaces, { tablespaces: needs.tablespaces });
  if (asItStands && tablespaces.length > 0)
    checks.push({
      title: 'Tablespaces',
      status: 'block',
      detail:
        `This server has no ${tablespaces.map(({ name }) => name).join(', ')}, and a plain dump is loaded as it stands. Create ` +
        `${tablespaces.length === 1 ? 'it' : 'them'}: ${tablespaces.map(({ name }) => `CREATE TABLESPACE ${quoteIdent(name)} LOCATION '…';`).join(' ')}`,
    });
  else if (tablespaces.length > 0)
    checks.push({
      title: 'Tablespaces',
      status: 'warn',
      detail: `This server has no ${tablespaces.map(({ name }) => name).join(', ')}: everything goes into the database's own.`,
    });
  if (checks.length === 0)
    checks.push({
      title: 'Roles and extensions',
      status: 'ok',
      detail: needs.certain
        ? 'This server has what the backup needs.'
        : 'As far as the backup says what it needs, this server has it.',
    });
  return { checks, noTablespaces: tablespaces.length > 0 };
}

async function roleChecks(
  { session, server, input, backup, source }: Situation,
  { roles, owners }: Needs,
): Promise<Check[]> {
  const otherwise =
    source?.toc === undefined ? '' : ' Or give --no-owner: everything will belong to the role that restores.';
  const rows = await session.run(restoreRoles, { roles });
  // a new database gets the owner that was backed up, one that is there keeps its own
  const given = new Set([...owners, ...(input.into === undefined ? [] : [backup.manifest?.database.owner])]);
  const missing = rows.filter(({ known }) => !known).map(({ name }) => name);
  const foreign = rows.filter(({ name, known, usable }) => known && usable === false && given.has(name));
  const checks: Check[] = [];
  if (missing.length > 0)
    checks.push({
      title: 'Roles',
      status: 'block',
      detail:
        `This server has no ${missing.join(', ')}. Create ${missing.length === 1 ? 'it' : 'them'}: ` +
        `${missing.map((name) => `CREATE ROLE ${quoteIdent(name)} NOLOGIN;`).join(' ')}${otherwise}`,
    });
  if (foreign.length > 0 && !server.rights.superuser)
    checks.push({
      title: 'Roles',
      status: 'block',
      detail:
        `${server.user} cannot give objects to ${foreign.map(({ name }) => name).join(', ')}. ` +
        // who is made a member of a superuser is one
        (foreign.some((role) => role.super)
          ? 'Connect as a superuser.'
          : foreign.map(({ name }) => `GRANT ${quoteIdent(name)} TO ${quoteIdent(server.user)};`).join(' ')) +
        otherwise,
    });
  return checks;
}
