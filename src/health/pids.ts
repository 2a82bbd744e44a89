/** As many tell where to look; the whole list is the screen's to show. */
const SHOWN = 10;

/** The pids of sessions as a finding's evidence lists them: of hundreds only the first. */
export function pidsOf(rows: readonly { readonly pid: number | string }[]): string {
  const more = rows.length - SHOWN;
  const listed = rows.slice(0, SHOWN).map(({ pid }) => pid);
  return `${listed.join(', ')}${more > 0 ? ` and ${more} more` : ''}`;
}
