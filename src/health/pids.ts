import { count } from '../text/units.ts';

/** As many tell where to look; the whole list is the screen's to show. */
const SHOWN = 10;

/** The pids of sessions as a finding's evidence lists them: of hundreds only the first. */
export function pidsOf(rows: readonly { readonly pid: number | string }[]): string {
  const more = rows.length - SHOWN;
  const listed = rows.slice(0, SHOWN).map(({ pid }) => pid);
  return `${listed.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}

/** What is said where the list of sessions is longer than what is read of it, the longest transactions first. */
export function sessionsLeftOut(rows: readonly { readonly matching: number }[]): string {
  const all = rows[0]?.matching ?? 0;
  return all > rows.length
    ? ` Of ${count(all)} sessions that do something the ${count(rows.length)} with the longest transactions are looked at: there may be more.`
    : '';
}
