/** What stands after an erased part of a row: there Ink repeats all looks that the cells before it have had. */
const HISTORY = /\u001b\[K((?:\u001b\[[\d;]*m){2,})/g;
const ONE = /\u001b\[([\d;]*)m/g;

/** What sets a look, and with the same name what takes it back. */
const SETS: Readonly<Record<number, string>> = {
  ...{ 1: 'bold', 2: 'faint', 3: 'italic', 4: 'underline', 7: 'inverse', 9: 'struck' },
  ...{ 38: 'colour', 48: 'ground' },
};
const ENDS: Readonly<Record<number, readonly string[]>> = {
  ...{ 22: ['bold', 'faint'], 23: ['italic'], 24: ['underline'], 27: ['inverse'], 29: ['struck'] },
  ...{ 39: ['colour'], 49: ['ground'] },
};

/** The look that a parameter sets; undefined where it sets none that is known. */
function setBy(code: number): string | undefined {
  if ((code >= 30 && code <= 37) || (code >= 90 && code <= 97)) return 'colour';
  if ((code >= 40 && code <= 47) || (code >= 100 && code <= 107)) return 'ground';
  return SETS[code];
}

/**
 * The same looks in fewer bytes: of a colour that was set and taken back before anything is written nothing is left. Rows
 * begin with the terminal's own look, as Ink writes them. What is not known here stays, with what came before it.
 */
export function withoutHistory(text: string): string {
  return text.replace(HISTORY, (whole, run: string) => {
    const set = new Map<string, string>();
    for (const [sequence, parameters = ''] of run.matchAll(ONE)) {
      const code = Number(parameters.split(';', 1)[0]);
      const [ends, name] = [ENDS[code], setBy(code)];
      if (ends !== undefined) for (const one of ends) set.delete(one);
      else if (name !== undefined) set.set(name, sequence);
      else return whole;
    }
    return `\u001b[K${[...set.values()].join('')}`;
  });
}
