import { all, as, relationName } from '../../../sql/ast.ts';
import type { Finding, Rule } from './rule.ts';

/** Constraints that read or index a table that is in use. */
export const constraints: Rule = ({ node }, { isNew, section }) => {
  const altered = as(node, 'AlterTableStmt');
  const table = relationName(altered?.relation);
  if (altered === undefined || isNew(table) || altered.objtype !== 'OBJECT_TABLE') return [];
  return all(altered.cmds, 'AlterTableCmd').flatMap(({ subtype, def, name }): Finding[] => {
    if (
      subtype === 'AT_ValidateConstraint' &&
      section.transactional &&
      addsConstraint(section.statements, name)
    )
      return [
        {
          name: 'validated_at_once',
          message: `${name} is added and validated in the same transaction, so that ${table} stays locked while it is read; validate it in the next migration.`,
        },
      ];
    const inline = all(as(def, 'ColumnDef')?.constraints, 'Constraint');
    const added = subtype === 'AT_AddConstraint' ? as(def, 'Constraint') : undefined;
    return [
      ...(added ? addedConstraint(table, added.conname ?? '', added) : []),
      ...inline
        .filter(({ contype }) => contype === 'CONSTR_CHECK')
        .map((): Finding => unchecked(table, 'a CHECK of a new column')),
    ];
  });
};

type Added = NonNullable<ReturnType<typeof constraintOf>>;
const constraintOf = (node: Parameters<typeof as>[0]) => as(node, 'Constraint');

const unchecked = (table: string | undefined, what: string): Finding => ({
  name: 'constraint_without_not_valid',
  message: `${what} reads all of ${table} while nobody can write it; add it NOT VALID, and VALIDATE CONSTRAINT it in a later migration.`,
});

function addedConstraint(table: string | undefined, name: string, added: Added): Finding[] {
  switch (added.contype) {
    case 'CONSTR_FOREIGN':
    case 'CONSTR_CHECK':
      return added.skip_validation || added.is_enforced === false
        ? []
        : [unchecked(table, `The constraint ${name}`.trim())];
    case 'CONSTR_NOTNULL':
      return added.skip_validation ? [] : [unchecked(table, `The NOT NULL ${name}`.trim())];
    case 'CONSTR_UNIQUE':
    case 'CONSTR_PRIMARY':
    case 'CONSTR_EXCLUSION':
      return added.indexname
        ? []
        : [
            {
              name: 'unique_builds_index',
              message: `The index of ${name || 'the constraint'} is built while nobody can use ${table}; CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … USING INDEX.`,
            },
          ];
    default:
      return [];
  }
}

function addsConstraint(
  statements: readonly { readonly node: Parameters<typeof as>[0] }[],
  name: string | undefined,
): boolean {
  return statements.some(({ node }) =>
    all(as(node, 'AlterTableStmt')?.cmds, 'AlterTableCmd').some(
      ({ subtype, def }) => subtype === 'AT_AddConstraint' && as(def, 'Constraint')?.conname === name,
    ),
  );
}
