/** PostgreSQL's names of encodings that differ from the Encoding Standard's by more than case and dashes. */
const LABELS: Readonly<Record<string, string>> = {
  // a superset, as are the others of this kind
  EUC_CN: 'gbk',
  EUC_JIS_2004: 'euc-jp',
  SHIFT_JIS_2004: 'shift_jis',
  UHC: 'euc-kr',
  LATIN2: 'iso-8859-2',
  LATIN3: 'iso-8859-3',
  LATIN4: 'iso-8859-4',
  LATIN5: 'iso-8859-9',
  LATIN6: 'iso-8859-10',
  LATIN7: 'iso-8859-13',
  LATIN8: 'iso-8859-14',
  LATIN9: 'iso-8859-15',
  LATIN10: 'iso-8859-16',
  KOI8R: 'koi8-r',
  KOI8U: 'koi8-u',
  WIN866: 'ibm866',
  WIN874: 'windows-874',
};

/** Turns bytes into the text that they are in some encoding. */
export type ToText = (bytes: Buffer) => string;

const utf8: ToText = (bytes) => bytes.toString('utf8');

/** How to read names in the text of a dump: its first lines say the encoding. UTF-8 where they do not. */
export function encodingIn(head: string): ToText {
  return encodingNamed(/^SET client_encoding = '(\w+)';\r?$/m.exec(head)?.[1]);
}

/** The same for the name of an encoding. */
export function encodingNamed(encoding: string | undefined): ToText {
  const name = encoding?.toUpperCase();
  if (name === undefined || name === 'UTF8' || name === 'SQL_ASCII') return utf8;
  if (name === 'LATIN1') return (bytes) => bytes.toString('latin1');
  const label =
    LABELS[name] ??
    name
      .replace(/^WIN(\d+)$/, 'windows-$1')
      .replaceAll('_', '-')
      .replace('ISO-', 'iso-');
  try {
    const decoder = new TextDecoder(label);
    return (bytes) => decoder.decode(bytes);
  } catch {
    return utf8;
  }
}
