import type { Migration } from '../../files/migration.ts';
import type { Direction, Hazard } from '../../types.ts';
import { as, relationName } from '../ast.ts';
import type { Statement } from '../statement.ts';
import { columns } from './columns.ts';
import { constraints } from './constraints.ts';
import { data, exclusive } from './data.ts';
import { dropColumns, drops } from './drops.ts';
import { indexes } from './indexes.ts';
import { enumValues, renames } from './names.ts';
import { plainName, type Rule } from './rule.ts';

const RULES: readonly Rule[] = [
  drops,
  dropColumns,
  columns,
  constraints,
  indexes,
  data,
  exclusive,
  renames,
  enumValues,
];

/**
 * What these migrations do that can hurt, in the order they are run. Tables that one of them makes are new to the later
 * ones: nobody uses them yet.
 */
export function lint(migrations: readonly Migration[], direction: Direction): Hazard[] {
  const made = new Set<string>();
  const isNew = (relation: string | undefined) => relation !== undefined && made.has(plainName(relation));
  return migrations.flatMap((migration) => {
    const section = direction === 'up' ? migration.up : migration.down;
    const file = (direction === 'down' ? migration.downFile : undefined) ?? migration.file;
    return (section?.statements ?? []).flatMap((statement, at) => {
      const findings = RULES.flatMap((rule) =>
        rule(statement, { section: section ?? migration.up, at, isNew }),
      );
      const relation = madeBy(statement);
      if (relation !== undefined) made.add(plainName(relation));
      return findings.map(
        ({ name, message, destructive = false }): Hazard => ({
          name,
          version: migration.version,
          message,
          destructive,
          file,
          line: statement.line,
        }),
      );
    });
  });
}

/** IF NOT EXISTS may find one that is there and in use. */
function madeBy({ node }: Statement): string | undefined {
  const table = as(node, 'CreateStmt');
  const query = as(node, 'CreateTableAsStmt');
  if (table?.if_not_exists || query?.if_not_exists) return undefined;
  return relationName(table?.relation ?? query?.into?.rel);
}
