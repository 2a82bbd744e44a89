const FRAMES: Readonly<Record<string, string>> = {
  '│': '|',
  '┌': '+',
  '├': '+',
  '└': '`',
  '─': '-',
  '≤': '<',
  '█': '#',
  '░': '.',
};

/** Frames, bars and signs in the characters that every terminal has. */
export function asciiFrames(text: string): string {
  return text.replace(/[│┌├└─≤█░]/g, (c) => FRAMES[c] ?? c);
}
