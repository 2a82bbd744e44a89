import { encodingIn } from '../../../archive/encoding.ts';
import { unquoted } from '../../../archive/heading.ts';
import { SqlGuard } from '../../../archive/sql/guard.ts';

/** One part of a dump's text, as its comment announces it. */
export interface DumpEntry {
  readonly name: string;
  /** `TABLE`, `FK CONSTRAINT`. */
  readonly type: string;
  /** null for what is in no schema. */
  readonly schema: string | null;
  /** Object id in the database that was dumped; undefined where the text does not say it. */
  readonly oid: number | undefined;
  readonly sql: string;
}

const HEADING =
  /^--\n(?:-- TOC entry \d+ \(class \d+ OID (?<oid>\d+)\)\n)?(?:-- Dependencies: [^\n]*\n)?-- (?:Data for )?Name: (?<name>[^\n]*); Type: (?<type>[A-Z ]+); Schema: (?<schema>[^\n]*); Owner: [^\n]*\n(?:-- Data Pos: [^\n]*\n)?--\n/gm;

/** Before the first object come the settings, one of them the encoding. */
const SETTINGS = 4096;

/**
 * The definitions in the text that pg_dump or pg_restore has written, in their order; rows are left out of it. What only
 * looks like a heading, in the body of a function, is none. Throws {@link Refusal}.
 */
export function parseEntries(bytes: Buffer): DumpEntry[] {
  const guard = new SqlGuard({ comments: true });
  guard.write(bytes);
  guard.end();
  // each byte a character, so that places are the same
  const text = bytes.toString('latin1');
  const decode = encodingIn(text.slice(0, SETTINGS));
  const toText = (part: string) => decode(Buffer.from(part, 'latin1'));
  const found = [...text.matchAll(HEADING)].filter(({ index }) => guard.comments?.has(index));
  return found.map((match, at) => {
    const { oid, type = '' } = match.groups ?? {};
    const [name, schema] = [match.groups?.name ?? '', match.groups?.schema ?? '-'].map(toText) as [
      string,
      string,
    ];
    const end = found[at + 1]?.index ?? trailer(text, match.index);
    const sql = toText(statements(text.slice(match.index + match[0].length, end)));
    // the comment has a blank for each line break of a name
    const made = madeName(type, sql);
    return {
      name: made?.name ?? name,
      type,
      schema: made?.schema ?? (schema === '-' ? null : schema),
      oid: oid === undefined ? undefined : Number(oid),
      sql,
    };
  });
}

function trailer(text: string, from: number): number {
  const at = text.indexOf('\n-- PostgreSQL database dump complete', from);
  return at < 0 ? text.length : at;
}

/** Without what is around them: `-- Completed on`, the settings that the next part is made with. */
function statements(text: string): string {
  return text
    .replace(/\n--(?: Completed on [^\n]*)?\s*$/, '')
    .replace(/(?:\n+SET default_table(?:space|_access_method) = [^\n]*;)+\s*$/, '')
    .trim();
}

const WORD = String.raw`(?:"(?:[^"]|"")+"|[^\s"().,;]+)`;
const QUALIFIED = new RegExp(String.raw`^(${WORD})\.(${WORD})`);

const MADE = new RegExp(String.raw`^CREATE (?:UNLOGGED )?(?:TABLE|SEQUENCE) (?=${WORD}\.)`);
const INDEX = new RegExp(`^CREATE (?:UNIQUE )?INDEX (${WORD}) ON (?:ONLY )?`);

/** What a part makes, of the kinds that are found by their name. */
function madeName(type: string, sql: string): { schema: string; name: string } | undefined {
  if (type === 'TABLE' || type === 'SEQUENCE') {
    const head = MADE.exec(sql)?.[0];
    return head === undefined ? undefined : leadingName(sql.slice(head.length));
  }
  if (type !== 'INDEX') return undefined;
  const [head, index] = INDEX.exec(sql) ?? [];
  // an index is in the schema of its table
  const table = head === undefined ? undefined : leadingName(sql.slice(head.length));
  return table && index !== undefined ? { schema: table.schema, name: unquoted(index) } : undefined;
}

/** Reads `schema.name` at the beginning of a text, with the quotes taken off; undefined when there is none. */
export function leadingName(text: string): { schema: string; name: string; rest: string } | undefined {
  const [all, schema, name] = QUALIFIED.exec(text) ?? [];
  if (all === undefined || schema === undefined || name === undefined) return undefined;
  return { schema: unquoted(schema), name: unquoted(name), rest: text.slice(all.length) };
}

/** A partition and what it belongs to, as `ALTER TABLE ONLY parent ATTACH PARTITION child` says. */
export function attachment(
  entry: DumpEntry,
): { parent: { schema: string; name: string }; child: { schema: string; name: string } } | undefined {
  const parent = leadingName(entry.sql.replace(/^ALTER TABLE (ONLY )?/, ''));
  const child = parent && leadingName(parent.rest.replace(/^ ATTACH PARTITION /, ''));
  return parent && child && { parent, child };
}
