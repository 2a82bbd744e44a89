/** What stands after an erased part of a row: there Ink repeats all looks that the cells before it have had. */
const HISTORY = /\u001b\[K((?:\u001b\[[\d;]*m){2,})/g;
const ONE = /\u001b\[([\d;]*)m/g;

/** What a parameter takes back, and what it sets; undefined where it is not known. */
function effectOf(
  parameters: string,
): { readonly ends: readonly string[]; readonly sets?: string } | undefined {
  const code = Number(parameters.split(';', 1)[0]);
  const aspect = (name: string, end: number) => (code === end ? { ends: [name] } : { ends: [], sets: name });
  if ((code >= 30 && code <= 39) || (code >= 90 && code <= 97)) return aspect('colour', 39);
  if ((code >= 40 && code <= 49) || (code >= 100 && code <= 107)) return aspect('ground', 49);
  if (code === 22) return { ends: ['bold', 'faint'] };
  const names = [
    'bold',
    'faint',
    'italic',
    'underline',
    undefined,
    undefined,
    'inverse',
    undefined,
    'struck',
  ];
  const name = names[(code > 20 ? code - 20 : code) - 1];
  return name === undefined ? undefined : code > 20 ? { ends: [name] } : { ends: [], sets: name };
}

/**
 * The same looks in fewer bytes: of a colour that was set and taken back before anything is written nothing is left. Rows
 * begin with the terminal's own look, as Ink writes them. What is not known here stays, with what came before it.
 */
export function withoutHistory(text: string): string {
  return text.replace(HISTORY, (whole, run: string) => {
    const set = new Map<string, string>();
    for (const [sequence, parameters = ''] of run.matchAll(ONE)) {
      const effect = effectOf(parameters);
      if (effect === undefined) return whole;
      for (const name of effect.ends) set.delete(name);
      if (effect.sets !== undefined) set.set(effect.sets, sequence);
    }
    return `\u001b[K${[...set.values()].join('')}`;
  });
}
