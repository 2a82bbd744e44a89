import type { Host } from '../../../hosts/host.ts';

const MB = 1024 * 1024;
/** Above this a file is data: it would be parsed for half a minute each time that it is looked at. */
const LARGEST = 32 * MB;

const MARK = Buffer.from('\ufeff');

export type Text =
  /** `raw`: with its byte order mark, which the tools' sums are made with. */
  | { readonly ok: true; readonly text: string; readonly raw: string }
  | { readonly ok: false; readonly error: string };

/** Reads a file that has to be UTF-8; its byte order mark is left out. `error` is a sentence about the file. */
export async function readText({ files }: Host, path: string): Promise<Text> {
  const bad = (error: string): Text => ({ ok: false, error });
  let bytes: Buffer;
  try {
    const { size } = await files.facts(path);
    if (size > LARGEST)
      return bad(
        `it has ${Math.ceil(size / MB)} MB, and ${LARGEST / MB} MB are read at most; load data apart from migrations.`,
      );
    bytes = await files.read(path, LARGEST);
  } catch (error) {
    return bad(`it cannot be read (${(error as NodeJS.ErrnoException).code ?? String(error)}).`);
  }
  const start = bytes.subarray(0, 2).toString('hex');
  if (start === 'fffe' || start === 'feff') return bad('it is UTF-16; save it as UTF-8.');
  const text = decode(bytes);
  if (text === undefined) return bad(`it is not UTF-8 (line ${badLine(bytes)}); save it as UTF-8.`);
  const nul = text.indexOf('\0');
  if (nul >= 0)
    return bad(`it has a NUL in line ${text.slice(0, nul).split('\n').length}; save it as UTF-8 text.`);
  return { ok: true, text, raw: bytes.subarray(0, 3).equals(MARK) ? `\ufeff${text}` : text };
}

function decode(bytes: Uint8Array): string | undefined {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes);
  } catch {
    return undefined;
  }
}

function badLine(bytes: Buffer): number {
  let line = 1;
  for (let at = 0; at < bytes.length; line++) {
    const newline = bytes.indexOf(10, at);
    const end = newline < 0 ? bytes.length : newline + 1;
    if (decode(bytes.subarray(at, end)) === undefined) return line;
    at = end;
  }
  return line;
}
