import { loadParser } from '../../../sql/parser.ts';
import type { Migration } from '../../files/migration.ts';
import { lint } from '../../sql/lint/lint.ts';
import { readSection } from '../../sql/section.ts';
import type { Direction, Hazard } from '../../types.ts';

// a merge has several revisions before it
const BEGINS = /^-- Running (?:upgrade|downgrade) ?(.*?) -> ?(.*)$/;

/** What the SQL that Alembic prints would do that can hurt, by revision. */
export async function hazardsOf(text: string, direction: Direction): Promise<Hazard[]> {
  const parser = await loadParser();
  const migrations = chunksOf(text, direction).map(({ version, sql }): Migration => {
    const section = readSection(parser, { sql, line: 1, file: version });
    const own = {
      ...section,
      // its own table is its own affair
      statements: section.statements.filter((statement) => !/\balembic_version\b/.test(statement.sql)),
    };
    return { version, name: version, file: version, downFile: undefined, up: own, down: own, sums: [] };
  });
  // the statements are nowhere in a file
  return lint(migrations, direction).map(({ file: _file, line: _line, ...hazard }) => hazard);
}

/** What Alembic prints without a database, by revision; each begins with the line that names it. */
export function chunksOf(text: string, direction: Direction): { version: string; sql: string }[] {
  const chunks: { version: string; sql: string }[] = [];
  for (const line of text.split('\n')) {
    const [begins, from = '', to = ''] = BEGINS.exec(line) ?? [];
    if (begins !== undefined) chunks.push({ version: direction === 'up' ? to : from, sql: '' });
    const last = chunks.at(-1);
    // the transaction is around all of them
    if (last !== undefined && !/^(BEGIN|COMMIT);$/.test(line)) last.sql += `${line}\n`;
  }
  return chunks;
}
