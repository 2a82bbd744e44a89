import type { Node } from 'libpg-query';
import { all, as, option } from '../../sql/ast.ts';

/**
 * Why a statement cannot run in a transaction block; undefined when it can. ALTER TYPE ADD VALUE can since PostgreSQL
 * 12, as long as the value is not used before the end of the transaction, which is a matter of lint.
 */
export function aloneReason(node: Node): string | undefined {
  const what = alone(node) ?? bodyThatCommits(node);
  return what === undefined ? undefined : `${what} cannot run in a transaction`;
}

/** It works CONCURRENTLY: waits for others by design, and leaves a half-made index when it is interrupted. */
export function isConcurrent(node: Node): boolean {
  return (
    as(node, 'IndexStmt')?.concurrent === true ||
    as(node, 'DropStmt')?.concurrent === true ||
    option(as(node, 'ReindexStmt')?.params, 'concurrently') === true ||
    detachesConcurrently(node)
  );
}

function detachesConcurrently(node: Node): boolean {
  return all(as(node, 'AlterTableStmt')?.cmds, 'AlterTableCmd').some(
    ({ def }) => as(def, 'PartitionCmd')?.concurrent === true,
  );
}

const ALWAYS_ALONE = {
  CreatedbStmt: 'CREATE DATABASE',
  DropdbStmt: 'DROP DATABASE',
  CreateTableSpaceStmt: 'CREATE TABLESPACE',
  DropTableSpaceStmt: 'DROP TABLESPACE',
  AlterSystemStmt: 'ALTER SYSTEM',
  DropSubscriptionStmt: 'DROP SUBSCRIPTION',
} as const;

function alone(node: Node): string | undefined {
  for (const [kind, name] of Object.entries(ALWAYS_ALONE)) if (kind in node) return name;
  if (as(node, 'IndexStmt')?.concurrent) return 'CREATE INDEX CONCURRENTLY';
  if (as(node, 'DropStmt')?.concurrent) return 'DROP INDEX CONCURRENTLY';
  if (detachesConcurrently(node)) return 'DETACH PARTITION CONCURRENTLY';
  if (as(node, 'VacuumStmt')?.is_vacuumcmd) return 'VACUUM';
  const cluster = as(node, 'ClusterStmt');
  if (cluster && cluster.relation === undefined) return 'CLUSTER of all tables';
  if (as(node, 'DiscardStmt')?.target === 'DISCARD_ALL') return 'DISCARD ALL';
  if (option(as(node, 'AlterDatabaseStmt')?.options, 'tablespace')) return 'ALTER DATABASE SET TABLESPACE';
  return reindex(node) ?? subscription(node);
}

function reindex(node: Node): string | undefined {
  const statement = as(node, 'ReindexStmt');
  if (statement === undefined) return undefined;
  if (option(statement.params, 'concurrently')) return 'REINDEX CONCURRENTLY';
  return {
    REINDEX_OBJECT_SCHEMA: 'SCHEMA',
    REINDEX_OBJECT_DATABASE: 'DATABASE',
    REINDEX_OBJECT_SYSTEM: 'SYSTEM',
  }[statement.kind as string]?.replace(/^/, 'REINDEX ');
}

function subscription(node: Node): string | undefined {
  const created = as(node, 'CreateSubscriptionStmt');
  if (
    created &&
    option(created.options, 'create_slot') !== false &&
    option(created.options, 'connect') !== false
  )
    return 'CREATE SUBSCRIPTION with a slot';
  const altered = as(node, 'AlterSubscriptionStmt');
  const refreshes = /_(REFRESH|(SET|ADD|DROP)_PUBLICATION)$/.test(altered?.kind ?? '');
  return refreshes && option(altered?.options, 'refresh') !== false
    ? 'ALTER SUBSCRIPTION that refreshes'
    : undefined;
}

function bodyThatCommits(node: Node): string | undefined {
  const block = as(node, 'DoStmt');
  const body = all(block?.args, 'DefElem').find(({ defname }) => defname === 'as');
  const text = as(body?.arg, 'String')?.sval ?? '';
  const plain = text.replace(/--.*$|\/\*[\s\S]*?\*\/|'(?:[^']|'')*'/gm, ' ');
  return /\b(commit|rollback)\s*(;|and\s)/i.test(plain) ? 'DO with a COMMIT in its body' : undefined;
}
