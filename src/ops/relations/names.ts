/**
 * The parts of a name as SQL reads it: `app."Mixed Case"` are `app` and `Mixed Case`. What is not quoted is taken as it
 * stands, not folded to lower case: a name that is only nearly right shall not lead to another table. Undefined for
 * what is no name, such as one with a quote that is not closed.
 */
export function nameParts(text: string): string[] | undefined {
  const parts: string[] = [];
  const part = /"((?:[^"]|"")+)"|([^".]+)/y;
  for (let at = 0; ; ) {
    part.lastIndex = at;
    const found = part.exec(text);
    if (found === null) return undefined;
    parts.push(found[1] === undefined ? (found[2] ?? '') : found[1].replaceAll('""', '"'));
    at = part.lastIndex;
    if (at === text.length) return parts;
    if (text[at] !== '.') return undefined;
    at++;
  }
}

/** The names that are likely to be meant, the likeliest first; at most three. */
export function nearest(wanted: string, names: readonly string[]): string[] {
  const plain = bare(wanted);
  return names
    .map((name) => ({ name, far: distance(plain, bare(name)) }))
    .filter(({ name, far }) => far <= Math.max(2, plain.length / 3) || ends(bare(name), plain))
    .sort((a, b) => a.far - b.far)
    .slice(0, 3)
    .map(({ name }) => name);
}

function bare(name: string): string {
  return name.replaceAll('"', '').toLowerCase();
}

/** The schema was forgotten, or the name is the beginning of a longer one. */
function ends(name: string, wanted: string): boolean {
  return name.endsWith(`.${wanted}`) || name.startsWith(wanted);
}

/** Insertions, deletions and replacements that make one of the other. */
function distance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, i) => i);
  for (let i = 1; i <= a.length; i++) {
    const next = [i];
    for (let j = 1; j <= b.length; j++) {
      const replaced = (row[j - 1] ?? 0) + (a[i - 1] === b[j - 1] ? 0 : 1);
      next.push(Math.min(replaced, (row[j] ?? 0) + 1, (next[j - 1] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}
