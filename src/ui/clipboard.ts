/** Terminals drop longer ones without a word. */
const MAX_BYTES = 75_000;

/**
 * The sequence that puts text into the terminal's clipboard, also over SSH (OSC 52), wrapped for tmux and screen.
 * No terminal confirms it.
 */
export function osc52(text: string, env: Readonly<Record<string, string | undefined>>): string {
  let payload = Buffer.from(text, 'utf8').subarray(0, Math.floor((MAX_BYTES * 3) / 4));
  // a multi-byte character cut in half at the end is left out
  while (payload.length > 0 && payload.toString('utf8').endsWith('\ufffd')) payload = payload.subarray(0, -1);
  const sequence = `\u001b]52;c;${payload.toString('base64')}\u0007`;
  if (env.TMUX) return `\u001bPtmux;${sequence.replaceAll('\u001b', '\u001b\u001b')}\u001b\\`;
  if (env.STY) return `\u001bP${sequence}\u001b\\`;
  return sequence;
}
