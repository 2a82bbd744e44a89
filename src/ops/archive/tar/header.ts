/** The head of an entry. Names are bytes, each one character (latin1). */
export interface Header {
  readonly name: string;
  /** `file`, `hard`, `symlink`, `directory`, `other`; of what only extends the next one its letter; '' where unknown. */
  readonly type: string;
  readonly link: string;
  readonly mode: number;
  readonly uid: number;
  readonly gid: number;
  /** Bytes that follow. */
  readonly size: number;
}

const TYPES: Readonly<Record<string, string>> = {
  ...{ '0': 'file', '\0': 'file', '7': 'file', '1': 'hard', '2': 'symlink', '5': 'directory' },
  ...{ '3': 'other', '4': 'other', '6': 'other', L: 'L', K: 'K', x: 'x', g: 'g' },
};

/** What a block of 512 bytes says; undefined where it is no head, or damaged. */
export function headerOf(block: Buffer): Header | undefined {
  const sum = numberAt(block, 148, 8);
  let reckoned = 0;
  for (const [at, byte] of block.entries()) reckoned += at >= 148 && at < 156 ? 32 : byte;
  if (sum !== reckoned) return undefined;
  const [mode, uid, gid, size] = [
    numberAt(block, 100, 8),
    numberAt(block, 108, 8),
    numberAt(block, 116, 8),
    numberAt(block, 124, 12),
  ];
  if (mode === undefined || uid === undefined || gid === undefined || size === undefined) return undefined;
  const type = TYPES[block.toString('latin1', 156, 157)] ?? '';
  // the prefix is POSIX's; GNU has times there
  const posix = block.toString('latin1', 257, 263) === 'ustar\0';
  const prefix = posix ? textOf(block.subarray(345, 500)) : '';
  const name = textOf(block.subarray(0, 100));
  return {
    name: prefix === '' ? name : `${prefix}/${name}`,
    type,
    link: textOf(block.subarray(157, 257)),
    mode: mode & 0o7777,
    uid,
    gid,
    size: 'file L K x g'.split(' ').includes(type) ? size : 0,
  };
}

/** An entry with what the heads before it have said of it. */
export function entryOf(
  header: Header,
  { name, link, size }: { readonly name?: string; readonly link?: string; readonly size?: number },
): Header {
  return {
    ...header,
    ...(name !== undefined && { name }),
    ...(link !== undefined && { link }),
    ...(size !== undefined && header.type === 'file' && { size }),
  };
}

/** What an extended header of POSIX says that matters here: lines of `LENGTH KEY=VALUE`. */
export function paxOf(data: Buffer): { name?: string; link?: string; size?: number } {
  const found: { name?: string; link?: string; size?: number } = {};
  let at = 0;
  while (at < data.length) {
    const blank = data.indexOf(' ', at);
    const length = Number(data.toString('latin1', at, blank));
    if (blank < 0 || !Number.isInteger(length) || length <= 0) break;
    const record = data.toString('latin1', blank + 1, at + length - 1);
    const equals = record.indexOf('=');
    const [key, value] = [record.slice(0, equals), record.slice(equals + 1)];
    if (key === 'path') found.name = value;
    else if (key === 'linkpath') found.link = value;
    else if (key === 'size' && /^\d+$/.test(value)) found.size = Number(value);
    at += length;
  }
  return found;
}

/** Up to the first NUL. */
export function textOf(bytes: Buffer): string {
  const end = bytes.indexOf(0);
  return bytes.toString('latin1', 0, end < 0 ? bytes.length : end);
}

/** Octal digits, or GNU's number of bytes for what they do not hold; undefined for neither. */
function numberAt(block: Buffer, at: number, length: number): number | undefined {
  const field = block.subarray(at, at + length);
  if ((field[0] ?? 0) >= 0x80) {
    if (field[0] !== 0x80) return undefined;
    const value = field.subarray(1).reduce((sum, byte) => sum * 256 + byte, 0);
    return Number.isSafeInteger(value) ? value : undefined;
  }
  const text = field.toString('latin1').replaceAll('\0', ' ').trim();
  if (text === '') return 0;
  return /^[0-7]+$/.test(text) ? Number.parseInt(text, 8) : undefined;
}
