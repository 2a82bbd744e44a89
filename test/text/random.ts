/** A repeatable source of numbers, so that a text that breaks a rule can be found again. */
export function random(seed: number): (below: number) => number {
  let state = seed;
  return (below) => {
    // the constants of glibc's rand()
    state = (Math.imul(state, 1_103_515_245) + 12_345) & 0x7fff_ffff;
    return (state >> 8) % below;
  };
}

const PIECES = [
  ...['a', 'b', ' ', '  ', 'select', '漢', '字', '한', 'ᄀ', 'ᅡ', 'ｱ', 'ﾞ', '１', 'é', 'e\u0301', '\u0301'],
  ...['ค', 'ำ', 'ก', 'ि', '…', '·', '—', '│', '▶', '👍', '👍🏽', '🏽', '🇩', '🇪', '👨‍👩‍👧', '❤️', '⚠️', '1️⃣'],
];

/** A text of a few pieces that are hard to measure: wide, combining, joined, half a flag. */
export function awkwardText(below: (n: number) => number): string {
  return Array.from({ length: below(9) }, () => PIECES[below(PIECES.length)]).join('');
}
