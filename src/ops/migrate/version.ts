import type { Item } from './types.ts';

/** A version for comparing: without leading zeros in any of its parts, which some tools count and others do not. */
export const plainVersion = (version: string): string => version.replace(/(?<!\d)0+(?=\d)/g, '');

/**
 * The migration that a person means: of that version, else the only one of that name or file, else the only one whose
 * version has other leading zeros (`3` for `003`).
 */
export function migrationMeant<One extends Pick<Item, 'version'> & Partial<Pick<Item, 'name' | 'file'>>>(
  items: readonly One[],
  wanted: string,
): One | undefined {
  const exact = items.find(({ version }) => version === wanted);
  if (exact !== undefined) return exact;
  const only = (found: readonly One[]) => (found.length === 1 ? found[0] : undefined);
  return (
    only(items.filter(({ name, file }) => name === wanted || file === wanted)) ??
    only(items.filter(({ version }) => NUMBER.exec(wanted)?.[0] === wanted && sameNumber(version, wanted)))
  );
}

const NUMBER = /^\d+(?:\.\d+)*/;

/** The number that a version is, or begins with: `003_users`. */
function sameNumber(version: string, wanted: string): boolean {
  return plainVersion(NUMBER.exec(version)?.[0] ?? '') === plainVersion(wanted);
}
