/** An identifier quoted for SQL, always: `"order"`, `"a""b"`. */
export function quoteIdent(name: string): string {
  return `"${name.replaceAll('"', '""')}"`;
}

/** The name of a relation for SQL, quoted always: `"shop"."orders"`. */
export function quoteRelation({ schema, name }: { readonly schema: string; readonly name: string }): string {
  return `${quoteIdent(schema)}.${quoteIdent(name)}`;
}

/** A string literal for SQL statements that take no parameters (`GRANT`, `SET` in a preview). */
export function quoteLiteral(value: string): string {
  const quoted = `'${value.replaceAll("'", "''").replaceAll('\\', '\\\\')}'`;
  return value.includes('\\') ? ` E${quoted}` : quoted;
}

/** `schema.name` as a person writes it: quoted only where PostgreSQL would need it. */
export function displayName(schema: string | null, name: string): string {
  return schema === null || schema === 'public' ? bare(name) : `${bare(schema)}.${bare(name)}`;
}

/** The same with its schema always: a name alone may be that of two relations. */
export function fullName(schema: string | null, name: string): string {
  return schema === null ? bare(name) : `${bare(schema)}.${bare(name)}`;
}

function bare(name: string): string {
  return /^[\p{Ll}_][\p{Ll}\p{Lo}\d_$]*$/u.test(name) ? name : quoteIdent(name);
}

/** A relation that the server named with its schema, as the lists show it: those of `public` by their name alone. */
export function shortRelation(relation: string | null): string | undefined {
  return relation?.replace(/^public\./, '');
}
