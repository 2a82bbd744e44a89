import { cleanLine } from '../text/clean.ts';

/** A URL as it may be told: its scheme and host. Port, path, query and user may all be what keeps others out. */
export function masked(url: URL): string {
  return `${url.protocol}//${cleanLine(url.hostname)}/…`;
}

/** A text of somebody else's, as one short line, in which no word that was handed to him is repeated. */
export function withoutWords(text: string, words: readonly string[], max = 200): string {
  const short = words
    // a flag or a short word is no secret, and would tear holes into every sentence
    .filter((word) => word.length >= 6 && !/^-{1,2}[a-z-]+$/i.test(word))
    .sort((a, b) => b.length - a.length)
    .reduce((rest, word) => rest.replaceAll(word, '…'), text);
  const line = cleanLine(short).trim();
  return line.length > max ? `${line.slice(0, max)}…` : line;
}
