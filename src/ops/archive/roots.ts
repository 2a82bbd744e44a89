/** A table by its name. */
export interface QualifiedName {
  readonly schema: string;
  readonly name: string;
}

/** Rows of a table, or those of all the partitions that an archive has put into their root. */
export interface Rooted extends QualifiedName {
  /** null: none of it holds rows. */
  readonly rows: number | null;
  readonly copy_bytes: number | null;
  readonly partitioned: boolean;
}

/** How tables are told apart: names may hold any character but this one. */
export function tableKey(schema: string, name: string): string {
  return `${schema}\0${name}`;
}

export function keyOf({ schema, name }: QualifiedName): string {
  return tableKey(schema, name);
}

/**
 * Tables as an archive has their rows: those that go through the root of their partitions stand together, since the
 * server that gets them puts them into partitions anew (by the hash of an enum, which has another OID there).
 */
export function byRoot(
  tables: readonly (Omit<Rooted, 'partitioned'> & { readonly root?: QualifiedName | undefined })[],
): Rooted[] {
  const found = new Map<string, Rooted>();
  const plus = (a: number | null, b: number | null) => (a === null ? b : a + (b ?? 0));
  for (const { schema, name, rows, copy_bytes, root } of tables) {
    const as = root ?? { schema, name };
    const before = found.get(keyOf(as));
    found.set(keyOf(as), {
      schema: as.schema,
      name: as.name,
      rows: plus(before?.rows ?? null, rows),
      copy_bytes: plus(before?.copy_bytes ?? null, copy_bytes),
      partitioned: root !== undefined,
    });
  }
  return [...found.values()];
}
