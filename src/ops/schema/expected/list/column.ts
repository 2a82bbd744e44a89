import { quoteIdent } from '../../../../db/ident.ts';
import { all, as } from '../../../sql/ast.ts';
import type { Parser } from '../../../sql/parser.ts';

/** A foreign key in the text of a column. */
export interface Reference {
  readonly schema: string | undefined;
  readonly name: string;
  /** Empty where the key of the other table is meant. */
  readonly columns: readonly string[];
}

/** What PostgreSQL's parser finds in the text of a column. */
export interface ReadColumn {
  /** It says NULL: the column must not be NOT NULL. */
  readonly nullable: boolean;
  /** The type alone. */
  readonly type: string;
  readonly references: readonly Reference[];
  /** The whole text, each foreign key to the table that `place` gives for it, quoted. */
  text(place: (reference: Reference) => string): string;
}

const HEAD = 'CREATE TABLE t (';

/** Reads the text of one column. A sentence says why it is none: it must not be more than one column either. */
export function readColumn(parser: Parser, name: string, type: string): ReadColumn | string {
  const before = `${HEAD}${quoteIdent(name)} `;
  const sql = `${before}${type}\n)`;
  let parsed: ReturnType<Parser['parse']>;
  try {
    parsed = parser.parse(sql);
  } catch (error) {
    return `${(error as Error).message}.`;
  }
  const statements = parsed.stmts ?? [];
  const table = as(statements[0]?.stmt, 'CreateStmt');
  const [element, ...others] = table?.tableElts ?? [];
  const column = as(element, 'ColumnDef');
  const { inhRelations, partspec, options, accessMethod, tablespacename, oncommit } = table ?? {};
  const besides = [inhRelations, partspec, options, accessMethod, tablespacename];
  if (
    statements.length !== 1 ||
    column === undefined ||
    others.length > 0 ||
    besides.some((one) => one !== undefined) ||
    (oncommit !== undefined && oncommit !== 'ONCOMMIT_NOOP')
  )
    return 'Expected one type with what belongs to it, as in CREATE TABLE.';
  const bytes = Buffer.from(sql);
  const start = Buffer.byteLength(before);
  const end = bytes.length - 2;
  const constraints = all(column.constraints, 'Constraint');
  const marks = [column.collClause?.location, ...constraints.map(({ location }) => location)];
  const until = Math.min(end, ...marks.filter((at): at is number => at !== undefined && at > start));
  const keys = constraints.filter(({ contype }) => contype === 'CONSTR_FOREIGN');
  const references = keys.map(({ pktable, pk_attrs }) => ({
    at: pktable?.location ?? 0,
    schema: pktable?.schemaname,
    name: pktable?.relname ?? '',
    columns: all(pk_attrs, 'String').flatMap(({ sval }) => sval ?? []),
  }));
  return {
    nullable: constraints.some(({ contype }) => contype === 'CONSTR_NULL'),
    type: withoutConstraintName(bytes.toString('utf8', start, until)),
    references: references.map(({ at, ...reference }) => reference),
    text: (place) => {
      let text = '';
      let from = start;
      for (const { at, ...reference } of references) {
        text += bytes.toString('utf8', from, at) + place(reference);
        from = at + Buffer.byteLength(NAME.exec(bytes.toString('utf8', at))?.[0] ?? '');
      }
      return text + bytes.toString('utf8', from, end);
    },
  };
}

/** A constraint's place is that of its kind, which its name stands before. */
function withoutConstraintName(text: string): string {
  return text.replace(/\bconstraint\s+(?:"(?:[^"]|"")+"|\S+)\s*$/i, '').trim();
}

const PART = '(?:"(?:[^"]|"")+"|[^\\s".(),;]+)';
/** A name of a table as SQL has it, perhaps with its schema. */
const NAME = new RegExp(`^${PART}(?:\\s*\\.\\s*${PART})?`);
