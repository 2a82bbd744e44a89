import { as, type Kind, kindOf } from '../../sql/ast.ts';
import type { Statement } from './statement.ts';

/** About what all databases of a server share, or another one. */
const SHARED: ReadonlySet<Kind> = new Set<Kind>([
  'AlterDatabaseRefreshCollStmt',
  'AlterDatabaseSetStmt',
  'AlterDatabaseStmt',
  'AlterRoleSetStmt',
  'AlterRoleStmt',
  'AlterSubscriptionStmt',
  'AlterSystemStmt',
  'AlterTableSpaceOptionsStmt',
  'CreateRoleStmt',
  'CreateSubscriptionStmt',
  'CreateTableSpaceStmt',
  'CreatedbStmt',
  'DropOwnedStmt',
  'DropRoleStmt',
  'DropSubscriptionStmt',
  'DropTableSpaceStmt',
  'DropdbStmt',
  'GrantRoleStmt',
  'ReassignOwnedStmt',
]);

const SHARED_OBJECTS: ReadonlySet<string | undefined> = new Set([
  'OBJECT_DATABASE',
  'OBJECT_PARAMETER_ACL',
  'OBJECT_ROLE',
  'OBJECT_TABLESPACE',
]);

/** In the text of a DO block, which the parser leaves as it is. */
const IN_BLOCK =
  /\b(?:(?:create|alter|drop)\s+(?:role|user|group|database|tablespace)|alter\s+system|(?:create|alter|drop)\s+subscription)\b/i;

/** Functions that act on the server, on its files or on others' sessions, or that go to other databases. */
const FUNCTIONS =
  /\b(?:pg_(?:create|copy|drop)_\w*replication_slot|pg_replication_(?:slot|origin)_\w+|pg_(?:reload_conf|rotate_logfile|promote|switch_wal|create_restore_point|terminate_backend|cancel_backend|wal_replay_\w+)|pg_file_\w+|lo_(?:export|import)|dblink\w*)\s*\(/i;

/**
 * Whether a statement would reach beyond the shadow database that it is rehearsed in, as far as its text tells: roles,
 * tablespaces, databases by their name, the server's settings, slots and files. What functions and foreign tables of the
 * team's own do is not seen.
 */
export function reachesOutside({ node, sql }: Pick<Statement, 'node' | 'sql'>): boolean {
  const kind = kindOf(node);
  if (kind !== undefined && SHARED.has(kind)) return true;
  const object =
    as(node, 'GrantStmt')?.objtype ??
    as(node, 'CommentStmt')?.objtype ??
    as(node, 'SecLabelStmt')?.objtype ??
    as(node, 'RenameStmt')?.renameType ??
    as(node, 'AlterOwnerStmt')?.objectType;
  if (SHARED_OBJECTS.has(object)) return true;
  const copy = as(node, 'CopyStmt');
  if (copy?.is_program === true || (copy?.filename !== undefined && copy.is_from !== true)) return true;
  // what only defines a function runs none
  if (kind !== 'CreateFunctionStmt' && FUNCTIONS.test(sql)) return true;
  return kind === 'DoStmt' && IN_BLOCK.test(sql);
}
