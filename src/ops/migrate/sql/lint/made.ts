import type { Node } from 'libpg-query';
import { all, as, eachInside, objectName, relationName, strings } from '../../../sql/ast.ts';
import type { Statement } from '../statement.ts';
import { plainName } from './rule.ts';

/** What objects of the same name do not get in each other's way as. */
type Sort = 'relation' | 'type' | 'routine' | 'schema' | 'extension' | 'column';

/** An object in a set of those that were made. */
export const madeKey = (sort: Sort, name: string): string => `${sort} ${plainName(name)}`;

/**
 * What a statement makes for certain, in the form of {@link madeKey}: not what it may find there or replace.
 * `absent`: there is no relation of that name in the database now, so that IF NOT EXISTS makes it, and one that is made
 * beside, temporary or in the schema of another search_path (`elsewhere`), is not taken for it.
 */
export function madeBy(
  { node }: Pick<Statement, 'node'>,
  absent: (relation: string) => boolean,
  elsewhere = false,
): string[] {
  const table = as(node, 'CreateStmt');
  const query = as(node, 'CreateTableAsStmt');
  const range = table?.relation ?? query?.into?.rel;
  const beside = range?.relpersistence === 't' || (elsewhere && range?.schemaname === undefined);
  const maybe = table?.if_not_exists || query?.if_not_exists || beside;
  const relation = relationName(range);
  if (relation !== undefined) return maybe && !absent(relation) ? [] : [madeKey('relation', relation)];
  const index = as(node, 'IndexStmt');
  if (index?.idxname !== undefined && !index.if_not_exists) {
    const schema = index.relation?.schemaname;
    return [madeKey('relation', schema === undefined ? index.idxname : `${schema}.${index.idxname}`)];
  }
  return [...addedColumns(node), ...otherwise(node)];
}

/** Whether names without a schema mean others afterwards. */
export function movesPath({ node }: Pick<Statement, 'node'>): boolean {
  if (as(node, 'VariableSetStmt')?.name === 'search_path') return true;
  let set = false;
  eachInside(node, 'FuncCall', ({ funcname, args }) => {
    const [setting] = all(args, 'A_Const');
    if (strings(funcname).at(-1) === 'set_config' && setting?.sval?.sval === 'search_path') set = true;
  });
  return set;
}

function addedColumns(node: Node): string[] {
  const altered = as(node, 'AlterTableStmt');
  const table = relationName(altered?.relation);
  return all(altered?.cmds, 'AlterTableCmd').flatMap(({ subtype, missing_ok, def }) => {
    const column = subtype === 'AT_AddColumn' && !missing_ok ? as(def, 'ColumnDef')?.colname : undefined;
    return column === undefined ? [] : [madeKey('column', `${table}.${column}`)];
  });
}

function otherwise(node: Node): string[] {
  const view = as(node, 'ViewStmt');
  const sequence = as(node, 'CreateSeqStmt');
  const routine = as(node, 'CreateFunctionStmt');
  const type =
    as(node, 'CreateEnumStmt')?.typeName ??
    as(node, 'CreateDomainStmt')?.domainname ??
    as(node, 'CreateRangeStmt')?.typeName;
  const composite = relationName(as(node, 'CompositeTypeStmt')?.typevar);
  const schema = as(node, 'CreateSchemaStmt');
  const extension = as(node, 'CreateExtensionStmt');
  const found: [Sort, string | undefined][] = [
    ['relation', view?.replace ? undefined : relationName(view?.view)],
    ['relation', sequence?.if_not_exists ? undefined : relationName(sequence?.sequence)],
    ['routine', routine && !routine.replace ? strings(routine.funcname).join('.') : undefined],
    ['type', type && strings(type).join('.')],
    ['type', composite],
    ['schema', schema?.if_not_exists ? undefined : schema?.schemaname],
    ['extension', extension?.if_not_exists ? undefined : extension?.extname],
  ];
  return found.flatMap(([sort, name]) => (name === undefined ? [] : [madeKey(sort, name)]));
}

const SORTS: Readonly<Record<string, Sort>> = {
  OBJECT_TABLE: 'relation',
  OBJECT_VIEW: 'relation',
  OBJECT_MATVIEW: 'relation',
  OBJECT_INDEX: 'relation',
  OBJECT_SEQUENCE: 'relation',
  OBJECT_TYPE: 'type',
  OBJECT_DOMAIN: 'type',
  OBJECT_FUNCTION: 'routine',
  OBJECT_PROCEDURE: 'routine',
  OBJECT_SCHEMA: 'schema',
  OBJECT_EXTENSION: 'extension',
};

/** What a DROP drops, in the form of {@link madeKey}; undefined where that is no question here. */
export function droppedKeys(node: Node): string[] | undefined {
  const { removeType = '', objects = [] } = as(node, 'DropStmt') ?? {};
  const sort = SORTS[removeType];
  return sort && objects.map((object) => madeKey(sort, objectName(object)));
}
