import { quoteLiteral } from '../ident.ts';

/** With what a direct connection sets after the login, which these versions know. */
export function keptSettings(
  settings: Readonly<Record<string, string>>,
  major: number,
): Readonly<Record<string, string>> {
  return {
    ...settings,
    ...(major >= 14 && { idle_session_timeout: '0' }),
    ...(major >= 17 && { transaction_timeout: '0' }),
  };
}

/** One statement that sets them all; with `local` they end with its transaction. */
export function settingsSql(settings: Readonly<Record<string, string>>, local: boolean): string {
  const set = Object.entries(settings).map(([name, value]) => {
    // the default is read when a transaction begins, and this one has
    const here = local && name === 'default_transaction_read_only' ? 'transaction_read_only' : name;
    return `set_config('${here}', ${quoteLiteral(value)}, ${local})`;
  });
  return `SELECT /* pgdeck */ ${set.join(', ')}`;
}

/**
 * A query with settings that hold for nothing else: one message of the simple protocol is one transaction, in every mode
 * of a pooler. That protocol has no parameters, so they are written into the text, as literals.
 */
export function withLocalSettings(
  settings: Readonly<Record<string, string>>,
  text: string,
  values: readonly unknown[],
): string {
  return `${settingsSql(settings, true)}; ${inlined(text, values)}`;
}

/** A statement with its parameters in place, as literals: it does the same, and runs in psql as it stands. */
export function inlined(text: string, values: readonly unknown[]): string {
  return text.replace(/\$(\d+)/g, (_, number: string) => literal(values[Number(number) - 1]));
}

/** The answer of the last statement of a message. */
export function lastResult<Result>(results: Result | Result[]): Result {
  return Array.isArray(results) ? (results.at(-1) as Result) : results;
}

/** A value as SQL writes it. */
export function literal(value: unknown): string {
  if (value === undefined || value === null) return 'NULL';
  if (Number.isSafeInteger(value) && Number(value) >= 0) return String(value);
  if (Array.isArray(value)) return quoteLiteral(`{${value.map(element).join(',')}}`);
  return quoteLiteral(String(value));
}

function element(value: unknown): string {
  if (value === undefined || value === null) return 'NULL';
  return `"${String(value).replace(/["\\]/g, '\\$&')}"`;
}
