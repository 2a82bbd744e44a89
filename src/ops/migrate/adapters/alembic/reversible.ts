/**
 * Whether a revision's `downgrade` does something: one that is empty, or raises, where `upgrade` does something, would
 * move the history and leave what was done.
 */
export function hasWayDown(source: string): boolean {
  const down = bodyOf(source, 'downgrade');
  if (down === undefined) return false;
  if (/^raise\b/.test(down)) return false;
  return !isEmpty(down) || isEmpty(bodyOf(source, 'upgrade') ?? '');
}

/** Whether a revision does nothing. */
export const hasNoEffect = (source: string): boolean => isEmpty(bodyOf(source, 'upgrade') ?? '');

const isEmpty = (body: string): boolean => /^(pass|\.\.\.|return(\s+None)?)?$/.test(body);

/** The statements of a function at the left margin, without comments and the text that describes it. */
function bodyOf(source: string, name: string): string | undefined {
  const lines = source.split('\n');
  const start = lines.findIndex((line) => new RegExp(`^(async )?def ${name}\\(`).test(line));
  if (start < 0) return undefined;
  const header = lines.findIndex((line, at) => at >= start && /:\s*(#.*)?$/.test(line));
  if (header < 0) return lines[start]?.replace(/^[^:]*:\s*/, '').trim();
  const rest = lines.slice(header + 1);
  const end = rest.findIndex((line) => /^\S/.test(line) && !line.startsWith('#'));
  return rest
    .slice(0, end < 0 ? rest.length : end)
    .map((line) => line.replace(/^\s*#.*$/, '').trim())
    .filter((line) => line !== '')
    .join('\n')
    .replace(/^[rR]?("""|''')[\s\S]*?\1\s*/, '')
    .trim();
}
