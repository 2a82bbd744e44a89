import { all, as, objectName, relationName, strings } from '../../../sql/ast.ts';
import type { Section } from '../statement.ts';
import { droppedKeys, madeKey } from './made.ts';
import { type Finding, type HazardName, plainName, type Rule } from './rule.ts';

/** What is lost when it is dropped. */
export const drops: Rule = ({ node, sql }, scope) => {
  const database = as(node, 'DropdbStmt');
  if (database)
    return [found('drop_database', `The database ${database.dbname} is dropped with all its data`, SAFE)];
  const owners = all(as(node, 'DropOwnedStmt')?.roles, 'RoleSpec');
  if (owners.length > 0) {
    const roles = owners.map(({ rolename }) => rolename ?? 'the current role').join(', ');
    return [found('drop_object', `All that ${roles} owns in this database is dropped, tables too`, SAFE)];
  }
  if (as(node, 'DoStmt')) return inBlock(sql);
  const dropped = as(node, 'DropStmt');
  if (dropped === undefined) return [];
  const names = (dropped.objects ?? []).map(objectName);
  const list = names.join(', ');
  const cascade =
    dropped.behavior === 'DROP_CASCADE'
      ? [
          found(
            'drop_cascade',
            `CASCADE drops whatever depends on ${list}, too`,
            'name what is to go and leave CASCADE out',
          ),
        ]
      : [];
  const keys = droppedKeys(node) ?? [];
  const own = keys.length > 0 && keys.every(scope.isOwn);
  if (keys.length > 0 && keys.every(scope.isMade)) return cascade;
  const ours = (finding: Finding): Finding => (own ? { ...finding, own } : finding);
  switch (dropped.removeType) {
    case 'OBJECT_TABLE': {
      const lost = names.map((table) => ({ table }));
      return [ours({ ...found('drop_table', `The data of ${list} is lost`, SAFE), lost }), ...cascade];
    }
    case 'OBJECT_SCHEMA':
      return [ours(found('drop_schema', `The schema ${list} is dropped`, SAFE)), ...cascade];
    case 'OBJECT_INDEX':
      return dropped.concurrent
        ? []
        : [
            ours({
              name: 'drop_index',
              message: `Dropping ${list} waits for everybody on its table, and everybody waits for it; use DROP INDEX CONCURRENTLY.`,
            }),
          ];
    case 'OBJECT_EXTENSION':
    case 'OBJECT_TYPE':
    case 'OBJECT_DOMAIN':
    case 'OBJECT_SEQUENCE':
    case 'OBJECT_VIEW':
    case 'OBJECT_MATVIEW':
    case 'OBJECT_FUNCTION':
    case 'OBJECT_PROCEDURE':
      return names.every((name) => isMadeAgain(scope.section, scope.at, name))
        ? cascade
        : [
            ours(
              found('drop_object', `The object ${list} is dropped`, 'make sure that no running code uses it'),
            ),
            ...cascade,
          ];
    default:
      return cascade;
  }
};

/** What stands in the text of a DO block, which the parser leaves as it is. */
const IN_BLOCK: readonly (readonly [HazardName, RegExp])[] = [
  ['drop_table', /\bdrop\s+(?:foreign\s+)?table\b/i],
  ['drop_schema', /\bdrop\s+schema\b/i],
  ['drop_column', /\bdrop\s+column\b/i],
  ['drop_object', /\bdrop\s+owned\b/i],
  ['truncate', /\btruncate\b/i],
];

function inBlock(sql: string): Finding[] {
  const text = sql.replace(/--.*|\/\*[\s\S]*?\*\//g, ' ');
  return IN_BLOCK.flatMap(([name, pattern]) => {
    const [words] = pattern.exec(text) ?? [];
    if (words === undefined) return [];
    const what = words.toUpperCase().replace(/\s+/g, ' ');
    return [found(name, `The DO block says ${what}, and its text does not tell what is lost`, SAFE)];
  });
}

/** Columns and values that ALTER takes away. */
export const dropColumns: Rule = ({ node }, { isMade, isOwn }) => {
  const altered = as(node, 'AlterTableStmt');
  const table = relationName(altered?.relation);
  if (altered === undefined || table === undefined || isMade(madeKey('relation', table))) return [];
  return all(altered.cmds, 'AlterTableCmd').flatMap(({ subtype, name, behavior }): Finding[] => {
    if (subtype !== 'AT_DropColumn' || name === undefined) return [];
    const key = madeKey('column', `${table}.${name}`);
    if (isMade(key)) return [];
    const column: Finding = {
      ...found(
        'drop_column',
        `The data of ${table}.${name} is lost, and running code that still names it fails`,
        'release code that does not use it first, and keep a backup',
      ),
      ...((isOwn(key) || isOwn(madeKey('relation', table))) && { own: true }),
      lost: [{ table, column: name }],
    };
    return behavior === 'DROP_CASCADE'
      ? [column, found('drop_cascade', `CASCADE drops whatever depends on ${table}.${name}, too`, 'name it')]
      : [column];
  });
};

const SAFE = 'keep a backup, or rename it first and drop it later';

const found = (name: HazardName, what: string, remedy: string): Finding => ({
  name,
  message: `${what}; ${remedy}.`,
  destructive: true,
});

/** A later statement makes an object of that name: it is replaced. */
function isMadeAgain(section: Section, at: number, name: string): boolean {
  return section.statements.slice(at + 1).some(({ node }) => {
    const made =
      relationName(as(node, 'ViewStmt')?.view) ??
      relationName(as(node, 'CreateTableAsStmt')?.into?.rel) ??
      relationName(as(node, 'CreateSeqStmt')?.sequence) ??
      [
        as(node, 'CreateFunctionStmt')?.funcname,
        as(node, 'CreateEnumStmt')?.typeName,
        as(node, 'CreateDomainStmt')?.domainname,
      ]
        .filter((names) => names !== undefined)
        .map((names) => strings(names).join('.'))[0];
    return made !== undefined && plainName(made) === plainName(name);
  });
}
