import { cleanLine } from '../text/clean.ts';

/** A URL as it may be told: its scheme and host. Port, path, query and user may all be what keeps others out. */
export function masked(url: URL): string {
  return `${url.protocol}//${cleanLine(url.hostname)}/…`;
}

/** A flag or a short word is no secret, and would tear holes into every sentence. */
const isTelling = (word: string) => word.length >= 6 && !/^-{1,2}[a-z-]+$/i.test(word);

/** A word, and what in it may be a secret: `--key=…`, `Authorization: Bearer …`, all of a URL but its host. */
function partsOf(word: string): string[] {
  const [, login = '', rest = ''] = /:\/\/(?:([^/]*)@)?[^/?#@]*(.*)$/s.exec(word) ?? [];
  const within = word.includes('://')
    ? `${login}:${rest}`.split(/[\s:/?&=#]+/)
    : word.split(/[\s=:]+/).slice(1);
  return [word, ...within];
}

/** A text of somebody else's, as one short line, in which nothing that was handed to him is repeated. */
export function withoutWords(text: string, words: readonly string[], max = 200): string {
  const short = words
    .flatMap(partsOf)
    .filter(isTelling)
    .sort((a, b) => b.length - a.length)
    .reduce((rest, word) => rest.replaceAll(word, '…'), text);
  const line = cleanLine(short).trim();
  return line.length > max ? `${line.slice(0, max)}…` : line;
}
