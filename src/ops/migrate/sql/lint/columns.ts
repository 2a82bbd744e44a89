import type { ColumnDef, Node } from 'libpg-query';
import { all, as, eachInside, relationName, strings } from '../../../sql/ast.ts';
import type { Finding, Rule } from './rule.ts';

/** ALTER TABLE on columns: rewrites, scans and values that are missing. */
export const columns: Rule = ({ node }, { isNew }) => {
  const altered = as(node, 'AlterTableStmt');
  const table = relationName(altered?.relation);
  if (altered === undefined || isNew(table) || altered.objtype !== 'OBJECT_TABLE') return [];
  return all(altered.cmds, 'AlterTableCmd').flatMap(({ subtype, name, def }): Finding[] => {
    switch (subtype) {
      case 'AT_AlterColumnType':
        return [
          {
            name: 'change_column_type',
            message: `Another type for ${table}.${name} rewrites the whole table and its indexes under an ACCESS EXCLUSIVE lock, unless it is a mere widening (varchar to a longer one or to text); add a column, fill it in batches, and swap them.`,
          },
        ];
      case 'AT_SetNotNull':
        return [
          {
            name: 'set_not_null',
            message: `SET NOT NULL on ${table}.${name} reads the whole table while nobody can use it; first ADD CONSTRAINT … CHECK (${name} IS NOT NULL) NOT VALID, then VALIDATE CONSTRAINT it, and it needs no reading.`,
          },
        ];
      case 'AT_AddColumn':
        return addedColumn(table, as(def, 'ColumnDef'));
      case 'AT_SetTableSpace':
      case 'AT_SetLogged':
      case 'AT_SetUnLogged':
      case 'AT_SetAccessMethod':
      case 'AT_SetExpression':
        return [rewrite(table, 'this')];
      default:
        return [];
    }
  });
};

const rewrite = (table: string | undefined, what: string): Finding => ({
  name: 'table_rewrite',
  message: `${table} is rewritten for ${what} under an ACCESS EXCLUSIVE lock; do it in a quiet hour, or make a new table and move over.`,
});

/** Types that are a sequence in disguise. */
const SERIAL = new Set(['serial', 'bigserial', 'smallserial', 'serial4', 'serial8', 'serial2']);

function addedColumn(table: string | undefined, column: ColumnDef | undefined): Finding[] {
  if (column === undefined) return [];
  const constraints = all(column.constraints, 'Constraint');
  const has = (kind: string) => constraints.find(({ contype }) => contype === kind);
  const filled = has('CONSTR_DEFAULT') ?? has('CONSTR_GENERATED') ?? has('CONSTR_IDENTITY');
  const name = `${table}.${column.colname}`;
  const type = strings(column.typeName?.names).at(-1) ?? '';
  const findings: Finding[] = [];
  const generated = has('CONSTR_GENERATED');
  if (generated && generated.generated_kind !== 'v') findings.push(rewrite(table, `the generated ${name}`));
  if (has('CONSTR_IDENTITY') || SERIAL.has(type)) findings.push(rewrite(table, `numbers in ${name}`));
  if (isVolatile(has('CONSTR_DEFAULT')?.raw_expr))
    findings.push({
      name: 'volatile_default',
      message: `The default of ${name} is another value for each row, so that the whole table is rewritten under an ACCESS EXCLUSIVE lock; add the column without it, set the default, and fill old rows in batches.`,
    });
  if (has('CONSTR_NOTNULL') && !filled && !SERIAL.has(type))
    findings.push({
      name: 'required_column',
      message: `${name} is NOT NULL and has no default, which fails as soon as the table has a row; give it a default, or add it nullable and fill it first.`,
    });
  if (has('CONSTR_UNIQUE') || has('CONSTR_PRIMARY'))
    findings.push({
      name: 'unique_builds_index',
      message: `The index of ${name} is built while nobody can use ${table}; CREATE UNIQUE INDEX CONCURRENTLY, then ADD CONSTRAINT … USING INDEX.`,
    });
  return findings;
}

/** Functions whose value is the same for the whole statement, or always. */
const STABLE = new Set([
  'now',
  'transaction_timestamp',
  'statement_timestamp',
  'lower',
  'upper',
  'length',
  'jsonb_build_object',
  'jsonb_build_array',
  'json_build_object',
  'json_build_array',
  'to_jsonb',
  'to_json',
  'array',
  'date_trunc',
  'make_date',
  'make_interval',
  'timezone',
  'current_setting',
  'current_user',
  'current_database',
  'concat',
  'coalesce',
  'md5',
  'decode',
  'repeat',
  'replace',
  'lpad',
  'rpad',
  'btrim',
  'to_char',
  'to_timestamp',
  'int4range',
  'int8range',
  'numrange',
  'daterange',
  'tsrange',
  'tstzrange',
]);

/** Whether an expression calls a function that is not known to be stable. */
function isVolatile(expression: Node | undefined): boolean {
  let found = false;
  eachInside(expression, 'FuncCall', ({ funcname }) => {
    if (!STABLE.has(strings(funcname).at(-1)?.toLowerCase() ?? '')) found = true;
  });
  return found;
}
