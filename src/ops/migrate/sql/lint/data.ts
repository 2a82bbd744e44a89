import { all, as, eachInside, type Kind, kindOf, option, relationName } from '../../../sql/ast.ts';
import { blocks, strongest } from '../locks.ts';
import type { Finding, HazardName, Rule } from './rule.ts';

/** Rows that are changed or lost. */
export const data: Rule = (statement, scope) => [
  ...counters(statement, scope),
  ...withoutWhere(statement, scope),
  ...underLock(statement, scope),
];

/** Runbooks tell to delete the statements that are seldom called: what they name is a view of what is in memory. */
const counters: Rule = ({ node }) => {
  const names = [
    relationName(as(node, 'DeleteStmt')?.relation),
    ...all(as(node, 'TruncateStmt')?.relations, 'RangeVar').map(relationName),
  ];
  if (!names.some((name) => name?.split('.').at(-1) === 'pg_stat_statements')) return [];
  return [
    {
      name: 'statement_counters',
      message:
        'pg_stat_statements is a view of counters in memory: the server refuses to delete from it; pgdeck statements reset --statement QUERYID forgets one, --all every one, and those seldom called give way by themselves at pg_stat_statements.max.',
    },
  ];
};

/** Their statements are kept and not run now. */
const DEFINITIONS: ReadonlySet<Kind | undefined> = new Set<Kind>(['CreateFunctionStmt', 'RuleStmt']);

const withoutWhere: Rule = ({ node }, { isNew }) => {
  const found = new Map<string, Finding>();
  // also in WITH, and behind PREPARE
  if (!DEFINITIONS.has(kindOf(node))) {
    eachInside(node, 'DeleteStmt', ({ relation, whereClause }) => {
      const table = relationName(relation);
      if (!whereClause && !isNew(table))
        found.set(
          `delete ${table}`,
          lost('delete_without_where', `Every row of ${table} is deleted; say which with WHERE.`),
        );
    });
    eachInside(node, 'UpdateStmt', ({ relation, whereClause }) => {
      const table = relationName(relation);
      if (!whereClause && !isNew(table))
        found.set(
          `update ${table}`,
          lost(
            'update_without_where',
            `Every row of ${table} is written over in one go; say which with WHERE, and go in batches.`,
          ),
        );
    });
  }
  if (found.size > 0) return [...found.values()];
  const truncated = as(node, 'TruncateStmt');
  const names = all(truncated?.relations, 'RangeVar').map(relationName);
  if (truncated && !names.every(isNew)) {
    const more = truncated.behavior === 'DROP_CASCADE' ? ' and of every table that refers to it' : '';
    return [lost('truncate', `All rows of ${names.join(', ')}${more} are lost; keep a backup.`)];
  }
  return [];
};

const lost = (name: HazardName, message: string): Finding => ({ name, message, destructive: true });

/** Rows are changed while a lock of an earlier statement keeps others away until the end of the transaction. */
const underLock: Rule = ({ node }, { section, at, isNew }) => {
  const changed = relationName((as(node, 'UpdateStmt') ?? as(node, 'DeleteStmt'))?.relation);
  if (changed === undefined || !section.transactional || isNew(changed)) return [];
  const holder = section.statements.slice(0, at).find(({ locks }) => {
    const held = locks.filter(({ relation }) => relation !== undefined && !isNew(relation));
    const mode = strongest(held);
    return mode !== undefined && blocks(mode) === 'everybody';
  });
  return holder
    ? [
        {
          name: 'rows_changed_under_lock',
          message: `Rows of ${changed} are changed while the lock of line ${holder.line} keeps everybody away; change them in a migration of their own.`,
        },
      ]
    : [];
};

/** Commands that keep everybody away for long. */
export const exclusive: Rule = ({ node }, { isNew }) => {
  const vacuum = as(node, 'VacuumStmt');
  const vacuumed = all(vacuum?.rels, 'VacuumRelation').map(({ relation }) => relationName(relation));
  const onlyNew = vacuumed.length > 0 && vacuumed.every(isNew);
  if (vacuum && option(vacuum.options, 'full') && !onlyNew)
    return [
      {
        name: 'vacuum_full',
        message:
          'VACUUM FULL rewrites the table under an ACCESS EXCLUSIVE lock; a plain VACUUM is enough nearly always.',
      },
    ];
  const cluster = as(node, 'ClusterStmt');
  if (cluster && !isNew(relationName(cluster.relation)))
    return [
      {
        name: 'cluster',
        message: `CLUSTER writes ${relationName(cluster.relation) ?? 'every clustered table'} again under an ACCESS EXCLUSIVE lock; do it in a quiet hour.`,
      },
    ];
  const locked = as(node, 'LockStmt');
  const names = all(locked?.relations, 'RangeVar').map(relationName);
  if (locked && !names.every(isNew))
    return [
      {
        name: 'lock_table',
        message: `LOCK TABLE ${names.join(', ')} keeps others away until the end of the transaction; leave it out where a weaker lock does.`,
      },
    ];
  const refreshed = as(node, 'RefreshMatViewStmt');
  if (refreshed && !refreshed.concurrent && !refreshed.skipData && !isNew(relationName(refreshed.relation)))
    return [
      {
        name: 'refresh_without_concurrently',
        message: `Nobody can read ${relationName(refreshed.relation)} while it is refreshed; use CONCURRENTLY where it has a unique index.`,
      },
    ];
  return [];
};
