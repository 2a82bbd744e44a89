import { as, eachInside, relationName, strings } from '../../../sql/ast.ts';
import { madeKey } from './made.ts';
import type { Rule } from './rule.ts';

/** Names that running code may still use. */
export const renames: Rule = ({ node }, { isMade }) => {
  const renamed = as(node, 'RenameStmt');
  const moved = as(node, 'AlterObjectSchemaStmt');
  const relation = relationName(renamed?.relation ?? moved?.relation);
  if (relation !== undefined && isMade(madeKey('relation', relation))) return [];
  if (renamed?.renameType === 'OBJECT_COLUMN')
    return [
      {
        name: 'rename_column',
        message: `Running code that names ${relation}.${renamed.subname} fails at once; add a new column, write both, and drop the old one later.`,
      },
    ];
  if (moved?.relation || /^OBJECT_(TABLE|VIEW|MATVIEW)$/.test(renamed?.renameType ?? ''))
    return [
      {
        name: 'rename_table',
        message: `Running code that names ${relation} fails at once; leave a view of the old name behind.`,
      },
    ];
  return [];
};

/** A new value of an enum cannot be used before the transaction that adds it ends (55P04). */
export const enumValues: Rule = ({ node, line }, { section, at }) => {
  const value = as(node, 'AlterEnumStmt');
  if (value?.newVal === undefined || value.oldVal !== undefined || !section.transactional) return [];
  const type = strings(value.typeName).join('.');
  const made = section.statements
    .slice(0, at)
    .some((one) => strings(as(one.node, 'CreateEnumStmt')?.typeName).join('.') === type);
  const user = section.statements.slice(at + 1).find((one) => {
    let used = false;
    eachInside(one.node, 'A_Const', ({ sval }) => {
      if (sval?.sval === value.newVal) used = true;
    });
    return used;
  });
  return made || user === undefined
    ? []
    : [
        {
          name: 'enum_value_used',
          message: `'${value.newVal}' is added to ${type} in line ${line} and used in line ${user.line}, which fails in the same transaction; use it in the next migration.`,
        },
      ];
};
