import { findNodeAtOffset, type Node, type ParseError, parseTree, printParseErrorCode } from 'jsonc-parser';

/** A place in a text, counted from 1. */
export interface Place {
  readonly line: number;
  readonly column: number;
}

/** The text is no JSON: where it stops being so, and what was expected there. */
export interface JsonFault extends Place {
  readonly message: string;
}

/**
 * Reads JSON and remembers where each field stands: errors can name the line of the settings file,
 * which JSON.parse forgets, and which it does not tell for every syntax error.
 */
export function locateJson(text: string): { place: (path: readonly PropertyKey[]) => Place } | JsonFault {
  const errors: ParseError[] = [];
  const root = parseTree(text, errors, { disallowComments: true });
  const [first, ...more] = errors;
  if (first !== undefined) return fault(text, first, more, root);
  return { place: (path) => placeOf(text, root ? offsetOf(root, path) : 0) };
}

/** Where a field stands: at its name, or at an item of a list; one that is missing, at the nearest one around it. */
function offsetOf(root: Node, path: readonly PropertyKey[]): number {
  let [node, offset]: [Node | undefined, number] = [root, 0];
  for (const key of path) {
    const child: Node | undefined =
      node?.type === 'array'
        ? node.children?.[Number(key)]
        : // of fields with one name JSON.parse takes the last
          node?.children?.findLast(({ children }) => children?.[0]?.value === String(key));
    if (child === undefined) break;
    offset = child.offset;
    node = child.type === 'property' ? child.children?.[1] : child;
  }
  return offset;
}

function fault(
  text: string,
  { error, offset, length }: ParseError,
  more: readonly ParseError[],
  root: Node | undefined,
): JsonFault {
  // what is no token at all is told twice: the second time with what should stand there
  const instead = more.find((one) => one.error !== error && one.offset <= offset + length);
  const why = printParseErrorCode(error) === 'InvalidSymbol' ? (instead?.error ?? error) : error;
  const at = text.length - text.slice(offset).replace(/^[ \t\r\n]+/, '').length;
  const got = length === 0 || at === text.length ? 'the end of the file' : JSON.stringify(text[at]);
  return { ...placeOf(text, at), message: `expected ${expected(why, text, root, offset)}, got ${got}` };
}

function expected(error: ParseError['error'], text: string, root: Node | undefined, offset: number): string {
  if (root && root.offset + root.length <= offset && !isOpen(text, root, offset))
    return 'the end of the file';
  switch (printParseErrorCode(error)) {
    case 'PropertyNameExpected':
      return 'a name in double quotes';
    case 'ColonExpected':
      return '":"';
    case 'CommaExpected':
    case 'CloseBraceExpected':
    case 'CloseBracketExpected':
      return goingOn(text, root, offset);
    case 'EndOfFileExpected':
      return 'the end of the file';
    case 'UnexpectedEndOfString':
    case 'InvalidUnicode':
    case 'InvalidEscapeCharacter':
    case 'InvalidCharacter':
      return 'a closing quote';
    case 'InvalidCommentToken':
      return 'no comment';
    default:
      // in an object a value follows a colon, and nothing else
      return /[{,][ \t\r\n]*$/.test(text.slice(0, offset)) && within(text, root, offset)?.type === 'object'
        ? 'a name in double quotes'
        : 'a value';
  }
}

/** The innermost list or object that has not ended before a place. */
function within(text: string, root: Node | undefined, place: number): Node | undefined {
  let node = root && findNodeAtOffset(root, place, true);
  while (node && !isOpen(text, node, place)) node = node.parent;
  return node;
}

/** What could stand at a place in a list or an object. */
function goingOn(text: string, root: Node | undefined, place: number): string {
  const node = within(text, root, place);
  const [begin, close] = node?.type === 'array' ? ['a value', ']'] : ['a name in double quotes', '}'];
  return node?.children?.length === 0 ? begin : `"," or "${close}"`;
}

/** A list or an object that has not ended before a place. */
function isOpen(text: string, { type, offset, length, children = [] }: Node, place: number): boolean {
  if (type !== 'array' && type !== 'object') return false;
  const end = offset + length;
  const last = children.at(-1);
  const within = last ? last.offset + last.length : offset + 1;
  // one that is never closed ends with what is in it
  return end > place || within === end || !/[\]}]/.test(text[end - 1] ?? '');
}

function placeOf(text: string, at: number): Place {
  const before = text.slice(0, at);
  return { line: before.split('\n').length, column: at - before.lastIndexOf('\n') };
}
