/** One word of a shell, whatever characters it holds. A NUL cannot stand in one: it is refused where words are sent. */
export function quote(word: string): string {
  return `'${word.replaceAll("'", `'\\''`)}'`;
}
