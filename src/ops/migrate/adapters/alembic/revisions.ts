import type { Host } from '../../../../hosts/host.ts';
import { textOf } from '../shared/programs.ts';
import { hasWayDown } from './reversible.ts';

/** A revision, as `history --verbose` tells it. */
export interface Revision {
  readonly version: string;
  readonly name: string;
  /** The revisions it comes after: none at the base, several for a merge. */
  readonly parents: readonly string[];
  /** Names of its branch. */
  readonly labels: readonly string[];
  readonly path: string | null;
  readonly reversible: boolean;
}

/** Reads `alembic history --verbose`, which is newest first; the oldest comes first here. */
export async function parseHistory(host: Host, text: string): Promise<Revision[]> {
  const blocks = text.split(/^(?=Rev: )/m).filter((block) => block.startsWith('Rev: '));
  return (await Promise.all(blocks.map((block) => parseBlock(host, block)))).reverse();
}

async function parseBlock(host: Host, block: string): Promise<Revision> {
  const field = (name: string) => new RegExp(`^${name}: (.*)$`, 'm').exec(block)?.[1]?.trim();
  const version = field('Rev')?.split(/[\s,]/)[0] ?? '';
  const path = field('Path') ?? null;
  const parents = [field('Parent'), field('Merges'), field('Also depends on')]
    .flatMap((found) => found?.split(', ') ?? [])
    .map((parent) => parent.replace(/\s*\(.*\)$/, '').trim())
    .filter((parent) => parent !== '' && parent !== '<base>');
  const message = block.split('\n').find((line) => /^ {4}\S/.test(line));
  return {
    version,
    name: message?.trim() ?? version,
    parents,
    labels: field('Branch names')?.split(', ') ?? [],
    path,
    reversible: path === null ? false : hasWayDown((await textOf(host, path)) ?? ''),
  };
}

/** Revisions with everything below them, the oldest first. */
export function withAncestors(revisions: readonly Revision[], from: readonly string[]): Set<string> {
  const byVersion = new Map(revisions.map((revision) => [revision.version, revision]));
  const found = new Set<string>();
  const visit = (version: string): void => {
    if (found.has(version)) return;
    found.add(version);
    for (const parent of byVersion.get(version)?.parents ?? []) visit(parent);
  };
  for (const version of from) visit(version);
  const known = revisions.map(({ version }) => version).filter((version) => found.has(version));
  return new Set([...known, ...found]);
}

/** A revision by its name, the beginning of it, or the name of its branch. */
export function revisionOf(revisions: readonly Revision[], name: string): Revision | undefined {
  const begun = revisions.filter(({ version }) => version.startsWith(name));
  return (
    revisions.find(({ version, labels }) => version === name || labels.includes(name)) ??
    (begun.length === 1 ? begun[0] : undefined)
  );
}

/** Those that nothing comes before, of everything below these. */
export function basesOf(revisions: readonly Revision[], from: readonly string[]): string[] {
  const below = withAncestors(revisions, from);
  return revisions
    .filter(({ version, parents }) => below.has(version) && parents.length === 0)
    .map(({ version }) => version);
}

/** Those that nothing comes after. */
export function headsOf(revisions: readonly Revision[]): string[] {
  const parents = new Set(revisions.flatMap((revision) => revision.parents));
  return revisions.map(({ version }) => version).filter((version) => !parents.has(version));
}

/** Every revision comes after one other at most, and before one other at most. */
export function isLine(revisions: readonly Revision[]): boolean {
  const parents = revisions.flatMap(({ parents: of }) => (of.length === 0 ? [''] : of));
  return new Set(parents).size === revisions.length && parents.length === revisions.length;
}
