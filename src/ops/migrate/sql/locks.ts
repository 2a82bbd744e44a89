import type { Node } from 'libpg-query';
import { all, as, objectName, option, relationName } from '../../sql/ast.ts';
import { LOCK_MODES, type LockMode, type LockTaken } from './statement.ts';

/**
 * The table locks of a statement as its text tells: views, partitions, triggers and cascades may take more.
 * Source: the chapter "Explicit Locking" of PostgreSQL's manual and the pages of the commands.
 */
export function locksOf(node: Node): readonly LockTaken[] {
  return utility(node) ?? data(node) ?? [];
}

/** The strongest of them; undefined when there is none. */
export function strongest(locks: readonly LockTaken[]): LockMode | undefined {
  return locks.map(({ mode }) => mode).sort((a, b) => LOCK_MODES.indexOf(b) - LOCK_MODES.indexOf(a))[0];
}

/** Whether others cannot write, or not even read, while it is held. */
export function blocks(mode: LockMode): 'nobody' | 'writers' | 'everybody' {
  if (mode === 'ACCESS EXCLUSIVE') return 'everybody';
  return LOCK_MODES.indexOf(mode) >= LOCK_MODES.indexOf('SHARE') ? 'writers' : 'nobody';
}

const lock = (mode: LockMode, relation: string | undefined): LockTaken => ({ relation, mode });

function utility(node: Node): LockTaken[] | undefined {
  const index = as(node, 'IndexStmt');
  if (index)
    return [lock(index.concurrent ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE', relationName(index.relation))];
  const altered = as(node, 'AlterTableStmt');
  if (altered) return alterLocks(altered);
  const dropped = as(node, 'DropStmt');
  if (dropped) return dropLocks(dropped);
  const created = as(node, 'CreateStmt');
  if (created) return createLocks(created);
  const vacuum = as(node, 'VacuumStmt');
  if (vacuum) {
    const mode = option(vacuum.options, 'full') ? 'ACCESS EXCLUSIVE' : 'SHARE UPDATE EXCLUSIVE';
    return all(vacuum.rels, 'VacuumRelation').map(({ relation }) => lock(mode, relationName(relation)));
  }
  const reindex = as(node, 'ReindexStmt');
  if (reindex) {
    const name = reindex.kind === 'REINDEX_OBJECT_TABLE' ? relationName(reindex.relation) : undefined;
    return [lock(option(reindex.params, 'concurrently') ? 'SHARE UPDATE EXCLUSIVE' : 'SHARE', name)];
  }
  const refreshed = as(node, 'RefreshMatViewStmt');
  if (refreshed)
    return [lock(refreshed.concurrent ? 'EXCLUSIVE' : 'ACCESS EXCLUSIVE', relationName(refreshed.relation))];
  const locked = as(node, 'LockStmt');
  if (locked)
    return relations(
      locked.relations,
      LOCK_MODES[(locked.mode ?? LOCK_MODES.length) - 1] ?? 'ACCESS EXCLUSIVE',
    );
  const trigger = as(node, 'CreateTrigStmt');
  if (trigger) return [lock('SHARE ROW EXCLUSIVE', relationName(trigger.relation))];
  const statistics = as(node, 'CreateStatsStmt');
  if (statistics) return relations(statistics.relations, 'SHARE UPDATE EXCLUSIVE');
  const comment = as(node, 'CommentStmt');
  if (comment?.object && ON_RELATIONS.has(comment.objtype ?? ''))
    return [lock('SHARE UPDATE EXCLUSIVE', objectName(comment.object))];
  if (comment?.object && comment.objtype === 'OBJECT_COLUMN')
    return [lock('SHARE UPDATE EXCLUSIVE', withoutLast(objectName(comment.object)))];
  return exclusive(node);
}

/** The table of `schema.table.column`. */
const withoutLast = (name: string): string => name.replace(/\.[^.]*$/, '');

/** Commands that take ACCESS EXCLUSIVE whatever they say. */
function exclusive(node: Node): LockTaken[] | undefined {
  const truncated = as(node, 'TruncateStmt');
  if (truncated) return relations(truncated.relations, 'ACCESS EXCLUSIVE');
  const renamed = as(node, 'RenameStmt');
  if (renamed?.relation)
    return [
      lock(
        renamed.renameType === 'OBJECT_INDEX' ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE',
        relationName(renamed.relation),
      ),
    ];
  const one =
    as(node, 'ClusterStmt')?.relation ??
    as(node, 'AlterObjectSchemaStmt')?.relation ??
    as(node, 'RuleStmt')?.relation ??
    as(node, 'CreatePolicyStmt')?.table ??
    as(node, 'AlterPolicyStmt')?.table;
  if (one) return [lock('ACCESS EXCLUSIVE', relationName(one))];
  const view = as(node, 'ViewStmt');
  return view?.replace ? [lock('ACCESS EXCLUSIVE', relationName(view.view))] : undefined;
}

function relations(nodes: readonly Node[] | undefined, mode: LockMode): LockTaken[] {
  return all(nodes, 'RangeVar').map((relation) => lock(mode, relationName(relation)));
}

/** Subcommands of ALTER TABLE that are content with less than ACCESS EXCLUSIVE. */
const MILD = new Set<string>([
  'AT_SetStatistics',
  'AT_SetOptions',
  'AT_ResetOptions',
  'AT_ValidateConstraint',
  'AT_ClusterOn',
  'AT_DropCluster',
  'AT_SetRelOptions',
  'AT_ResetRelOptions',
  'AT_AttachPartition',
]);

function alterLocks(altered: NonNullable<ReturnType<typeof alterOf>>): LockTaken[] {
  const name = relationName(altered.relation);
  return all(altered.cmds, 'AlterTableCmd').flatMap((command) => {
    const { subtype = '', def } = command;
    const partition = as(def, 'PartitionCmd');
    if (partition) {
      const mild = subtype === 'AT_AttachPartition' || partition.concurrent;
      return [
        lock(mild ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE', name),
        lock('ACCESS EXCLUSIVE', relationName(partition.name)),
      ];
    }
    const constraint = as(def, 'Constraint');
    if (subtype === 'AT_AddConstraint' && constraint?.contype === 'CONSTR_FOREIGN')
      return [
        lock('SHARE ROW EXCLUSIVE', name),
        lock('SHARE ROW EXCLUSIVE', relationName(constraint.pktable)),
      ];
    if (/^AT_(Enable|Disable)(Always|Replica)?Trig/.test(subtype)) return [lock('SHARE ROW EXCLUSIVE', name)];
    return [
      lock(MILD.has(subtype) ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE', name),
      ...referenced(def),
    ];
  });
}

const alterOf = (node: Node) => as(node, 'AlterTableStmt');

/** Tables that a new column or table refers to. */
function referenced(def: Node | undefined): LockTaken[] {
  const constraints = [
    ...all(as(def, 'ColumnDef')?.constraints, 'Constraint'),
    ...all(def === undefined ? [] : [def], 'Constraint'),
  ];
  return constraints
    .filter(({ contype }) => contype === 'CONSTR_FOREIGN')
    .map(({ pktable }) => lock('SHARE ROW EXCLUSIVE', relationName(pktable)));
}

function createLocks(created: NonNullable<ReturnType<typeof createOf>>): LockTaken[] {
  const parents = all(created.inhRelations, 'RangeVar').map((parent) =>
    lock(created.partbound ? 'ACCESS EXCLUSIVE' : 'SHARE UPDATE EXCLUSIVE', relationName(parent)),
  );
  return [...parents, ...[...(created.tableElts ?? []), ...(created.constraints ?? [])].flatMap(referenced)];
}

const createOf = (node: Node) => as(node, 'CreateStmt');

const ON_RELATIONS = new Set(['OBJECT_TABLE', 'OBJECT_VIEW', 'OBJECT_MATVIEW', 'OBJECT_FOREIGN_TABLE']);
const ON_THEIR_TABLE = new Set(['OBJECT_TRIGGER', 'OBJECT_RULE', 'OBJECT_POLICY']);

function dropLocks(dropped: NonNullable<ReturnType<typeof dropOf>>): LockTaken[] {
  const { removeType = '', objects = [], concurrent } = dropped;
  if (removeType === 'OBJECT_INDEX')
    return [lock(concurrent ? 'SHARE UPDATE EXCLUSIVE' : 'ACCESS EXCLUSIVE', undefined)];
  if (ON_RELATIONS.has(removeType))
    return objects.map((object) => lock('ACCESS EXCLUSIVE', objectName(object)));
  if (ON_THEIR_TABLE.has(removeType))
    return objects.map((object) => lock('ACCESS EXCLUSIVE', withoutLast(objectName(object))));
  return [];
}

const dropOf = (node: Node) => as(node, 'DropStmt');

function data(node: Node): LockTaken[] | undefined {
  const written =
    as(node, 'UpdateStmt')?.relation ??
    as(node, 'DeleteStmt')?.relation ??
    as(node, 'InsertStmt')?.relation ??
    as(node, 'MergeStmt')?.relation;
  return written ? [lock('ROW EXCLUSIVE', relationName(written))] : undefined;
}
