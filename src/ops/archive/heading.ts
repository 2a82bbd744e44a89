/** What the comment above each part of a dump's data says. */
export interface Heading {
  readonly name: string;
  readonly schema: string;
  /** `TABLE DATA`, `BLOBS`. */
  readonly type: string;
}

/** Reads `-- Data for Name: a; Type: TABLE DATA; Schema: public; Owner: x`; undefined when it is something else. */
export function parseHeading(line: string): Heading | undefined {
  const found = /^-- Data for Name: (.*); Type: ([A-Z ]+); Schema: (.*); Owner: /.exec(line);
  const [, name, type, schema] = found ?? [];
  return name === undefined || type === undefined || schema === undefined
    ? undefined
    : { name, type, schema };
}

/** The head of a COPY block. */
export interface CopyHead {
  /** Empty where the dump relies on search_path. */
  readonly schema: string;
  readonly name: string;
  /** undefined when all are meant. */
  readonly columns: readonly string[] | undefined;
}

const IDENT = String.raw`"(?:[^"]|"")+"|[^\s"().,]+`;
const COPY_HEAD = new RegExp(
  String.raw`^COPY (${IDENT})(?:\.(${IDENT}))?\s+(?:\(((?:"(?:[^"]|"")+"|[^"()])*)\)\s+)?FROM stdin;\r?$`,
);

/** Reads `COPY schema.table (columns) FROM stdin;` without its line feed; names may hold anything between quotes. */
export function parseCopyHead(text: string): CopyHead | undefined {
  const [, first, second, list] = COPY_HEAD.exec(text) ?? [];
  if (first === undefined) return undefined;
  return {
    schema: second === undefined ? '' : unquoted(first),
    name: unquoted(second ?? first),
    columns: list?.match(/"(?:[^"]|"")+"|[^\s",]+/g)?.map(unquoted),
  };
}

/** A name as the catalog has it, of a word as SQL has it. */
export function unquoted(word: string): string {
  return word.startsWith('"') ? word.slice(1, -1).replaceAll('""', '"') : word;
}
