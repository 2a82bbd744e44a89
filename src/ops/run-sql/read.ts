import { createHash } from 'node:crypto';
import type { Host } from '../../hosts/host.ts';
import { readText } from '../migrate/files/text.ts';
import { lint } from '../migrate/sql/lint/lint.ts';
import { readSection } from '../migrate/sql/section.ts';
import type { Section } from '../migrate/sql/statement.ts';
import type { Hazard } from '../migrate/types.ts';
import { loadParser } from '../sql/parser.ts';
import { runSqlErrors } from './errors.ts';
import { fillIn } from './variables.ts';

/** A file as it is run. */
export interface SqlFile {
  /** In full. */
  readonly path: string;
  /** As it was named. */
  readonly file: string;
  /** Of its bytes as text, hexadecimal. */
  readonly sha256: string;
  readonly bytes: number;
  readonly section: Section;
  /** What it does that can hurt; `destructive` is what is lost. */
  readonly hazards: readonly Hazard[];
  /** Variables that were given and stand nowhere in it. */
  readonly unused: readonly string[];
}

/** The variables of `NAME=VALUE`. Throws {@link OpError} for what is none. */
export function variablesOf(given: readonly string[]): Map<string, string> {
  const values = new Map<string, string>();
  for (const one of given) {
    const [, name, value] = /^([\w\u0080-\uffff]+)=([\s\S]*)$/.exec(one) ?? [];
    if (name === undefined || value === undefined) throw runSqlErrors.badSet({ given: one });
    if (values.has(name)) throw runSqlErrors.twice({ name });
    values.set(name, value);
  }
  return values;
}

/** Reads a file, puts its variables in, cuts it into statements and looks at them. Throws {@link OpError} with line and column. */
export async function readSqlFile(
  host: Host,
  file: string,
  values: ReadonlyMap<string, string>,
): Promise<SqlFile> {
  const path = host.files.resolve(file);
  const read = await readText(host, path);
  if (!read.ok) throw runSqlErrors.unread({ file, why: read.error });
  const { sql, used, trouble } = fillIn(read.text, values);
  if (trouble !== undefined)
    throw runSqlErrors.badFile({ why: `${file}:${trouble.line}:${trouble.column}: ${trouble.what}` });
  const section = readSection(await loadParser(), { sql, file, line: 1 });
  if (section.error !== undefined) throw runSqlErrors.badFile({ why: section.error });
  if (section.statements.length === 0) throw runSqlErrors.empty({ file });
  const whole = { version: '', name: '', file, downFile: undefined, up: section, down: undefined, sums: [] };
  return {
    ...{ path, file, section },
    sha256: createHash('sha256').update(read.raw).digest('hex'),
    bytes: Buffer.byteLength(read.raw),
    hazards: lint([whole], 'up'),
    unused: [...values.keys()].filter((name) => !used.has(name)),
  };
}
