/** Words within a line, by how they are set. */
export type Span =
  | { readonly kind: 'text' | 'code'; readonly text: string }
  | { readonly kind: 'strong' | 'emphasis'; readonly spans: readonly Span[] }
  | { readonly kind: 'link'; readonly target: string; readonly spans: readonly Span[] };

export type Line = readonly Span[];

/** What stands below each other in a chapter. */
export type Block =
  | { readonly kind: 'heading'; readonly level: number; readonly line: Line }
  | { readonly kind: 'paragraph'; readonly line: Line }
  | { readonly kind: 'code'; readonly text: string }
  | { readonly kind: 'list'; readonly ordered: boolean; readonly items: readonly Line[] }
  | { readonly kind: 'table'; readonly head: readonly Line[]; readonly rows: readonly (readonly Line[])[] };

/**
 * The blocks of a chapter of the manual: as much of Markdown as they use, and no more. Pictures and comments are left out,
 * and so is what stands in a printed part that is named in `without`, such as `<!-- keys -->`. Throws on a block that is
 * not closed.
 */
export function parse(text: string, without: readonly string[] = []): readonly Block[] {
  const parts = without.reduce(
    (rest, name) => rest.replace(new RegExp(`<!-- ${name} -->[\\s\\S]*?<!-- /${name} -->`), ''),
    text,
  );
  const lines = parts.split('\n');
  const blocks: Block[] = [];
  while (lines.length > 0) {
    const first = lines[0] ?? '';
    if (first.trim() === '' || first.startsWith('<!--')) lines.shift();
    else if (first.startsWith('```')) blocks.push(code(lines));
    else if (first.startsWith('|')) blocks.push(table(taken(lines, (line) => line.startsWith('|'))));
    else if (first.startsWith('#')) blocks.push(heading(lines.shift() ?? ''));
    else if (ITEM.test(first)) blocks.push(list(taken(lines, (line) => line.trim() !== '')));
    else blocks.push(...paragraph(taken(lines, (line) => line.trim() !== '' && !STARTS.test(line))));
  }
  return blocks;
}

const ITEM = /^(?:-|\d+\.) /;
/** What ends a paragraph without an empty line between. */
const STARTS = /^(?:```|\||#|<!--)/;

function taken(lines: string[], belongs: (line: string) => boolean): string[] {
  const end = lines.findIndex((line) => !belongs(line));
  return lines.splice(0, end === -1 ? lines.length : end);
}

function code(lines: string[]): Block {
  lines.shift();
  const text = taken(lines, (line) => !line.startsWith('```')).join('\n');
  if (lines.shift() === undefined) throw new Error(`A block of code is not closed: ${text.slice(0, 60)}`);
  return { kind: 'code', text };
}

function heading(line: string): Block {
  const [, marks = '', text = ''] = /^(#+) (.*)$/.exec(line) ?? [];
  return { kind: 'heading', level: marks.length, line: spansOf(text) };
}

function paragraph(lines: readonly string[]): Block[] {
  const text = lines.join(' ');
  return /^!\[[^\]]*\]\([^)]*\)$/.test(text) ? [] : [{ kind: 'paragraph', line: spansOf(text) }];
}

function list(lines: readonly string[]): Block {
  const items: string[] = [];
  for (const line of lines)
    if (ITEM.test(line)) items.push(line.replace(ITEM, ''));
    else items.push(`${items.pop() ?? ''} ${line.trim()}`);
  return { kind: 'list', ordered: /^\d/.test(lines[0] ?? ''), items: items.map(spansOf) };
}

function table(lines: readonly string[]): Block {
  const [head = [], , ...rows] = lines.map((line) =>
    line
      .replace(/^\||\|$/g, '')
      .split(/(?<!\\)\|/)
      .map((cell) => spansOf(cell.trim().replaceAll('\\|', '|'))),
  );
  return { kind: 'table', head, rows };
}

/** What is code first: nothing in it means anything else. */
const SPAN =
  /`(?<code>[^`]+)`|\*\*(?<strong>.+?)\*\*|\*(?<emphasis>[^*]+)\*|\[(?<words>[^\]]+)\]\((?<target>[^)]+)\)/;

export function spansOf(text: string): Line {
  const found = SPAN.exec(text);
  if (found === null) return text === '' ? [] : [{ kind: 'text', text }];
  const before = text.slice(0, found.index);
  return [
    ...(before === '' ? [] : [{ kind: 'text', text: before } as const]),
    spanOf(found.groups ?? {}),
    ...spansOf(text.slice(found.index + found[0].length)),
  ];
}

function spanOf({ code, strong, emphasis, words, target = '' }: Record<string, string | undefined>): Span {
  if (code !== undefined) return { kind: 'code', text: code };
  if (strong !== undefined) return { kind: 'strong', spans: spansOf(strong) };
  if (emphasis !== undefined) return { kind: 'emphasis', spans: spansOf(emphasis) };
  return { kind: 'link', target, spans: spansOf(words ?? '') };
}

/** The words of a line alone. */
export const plain = (line: Line): string =>
  line.map((span) => ('text' in span ? span.text : plain(span.spans))).join('');

/** The name of a heading in an address, as GitHub makes it. */
export const slug = (line: Line): string =>
  plain(line)
    .toLowerCase()
    .replace(/[^\p{L}\p{N} _-]/gu, '')
    .replaceAll(' ', '-');
