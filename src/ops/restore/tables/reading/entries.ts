import { unquoted } from '../../../archive/heading.ts';

/** One part of a dump's text, as its comment announces it. */
export interface Entry {
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

/** The definitions in the text that pg_dump or pg_restore has written, in their order. */
export function parseEntries(text: string): Entry[] {
  const found = [...text.matchAll(HEADING)];
  return found.map((match, at) => {
    const { oid, name = '', type = '', schema = '-' } = match.groups ?? {};
    const end = found[at + 1]?.index ?? trailer(text, match.index);
    return {
      name,
      type,
      schema: schema === '-' ? null : schema,
      oid: oid === undefined ? undefined : Number(oid),
      sql: statements(text.slice(match.index + match[0].length, end)),
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

/** Reads `schema.name` at the beginning of a text, with the quotes taken off; undefined when there is none. */
export function leadingName(text: string): { schema: string; name: string; rest: string } | undefined {
  const [all, schema, name] = QUALIFIED.exec(text) ?? [];
  if (all === undefined || schema === undefined || name === undefined) return undefined;
  return { schema: unquoted(schema), name: unquoted(name), rest: text.slice(all.length) };
}

/** A partition and what it belongs to, as `ALTER TABLE ONLY parent ATTACH PARTITION child` says. */
export function attachment(
  entry: Entry,
): { parent: { schema: string; name: string }; child: { schema: string; name: string } } | undefined {
  const parent = leadingName(entry.sql.replace(/^ALTER TABLE (ONLY )?/, ''));
  const child = parent && leadingName(parent.rest.replace(/^ ATTACH PARTITION /, ''));
  return parent && child && { parent, child };
}
