import { type Episode, isOf } from './episodes.ts';
import type { Inbox, Taken } from './inbox.ts';

/** What was told otherwise than it happened: each episode is raised once and resolved once, in order, to everybody. */
export function differences(episodes: readonly Episode[], inboxes: readonly Inbox[]): string[] {
  return inboxes.flatMap(({ name, taken }) => [
    ...[...Map.groupBy(episodes, nameOf).values()].flatMap((own) => countOf(name, own, taken)),
    ...taken
      .filter((one) => !episodes.some((episode) => isOf(episode)(one)))
      .map((one) => `${name}: ${one.state} ${nameOf(one)} is of no episode`),
    ...taken.flatMap((one, i) => {
      const before = taken[i - 1];
      return before !== undefined && before.at > one.at
        ? [`${name}: ${one.state} ${nameOf(one)} came after what was later`]
        : [];
    }),
  ]);
}

function countOf(name: string, own: readonly Episode[], taken: readonly Taken[]): string[] {
  const [first] = own;
  if (first === undefined) return [];
  const told = taken.filter(isOf(first)).map(({ state }) => state);
  const expected = own.flatMap(() => ['raised', 'resolved']);
  return told.join() === expected.join()
    ? []
    : [`${name}: ${nameOf(first)} was ${own.length} times, and told as: ${told.join(', ') || 'nothing'}`];
}

const nameOf = ({ check, object }: Pick<Episode, 'check' | 'object'>): string =>
  object === null ? check : `${check} ${object}`;

/** For each episode how long it took until it was told, and until its end was. */
export function table(episodes: readonly Episode[], inboxes: readonly Inbox[]): string {
  const nth = new Map<string, number>();
  const rows = episodes
    .toSorted((a, b) => a.begun - b.begun)
    .map((episode) => {
      const at = nth.get(nameOf(episode)) ?? 0;
      nth.set(nameOf(episode), at + 1);
      const after = (state: string, from: number) =>
        inboxes.map(({ taken }) => secondsTo(taken.filter(isOf(episode, state))[at], from));
      const lasted = ((episode.ended - episode.begun) / 1000).toFixed(1);
      return [
        nameOf(episode),
        lasted,
        ...after('raised', episode.begun),
        ...after('resolved', episode.ended),
      ];
    });
  const heads = ['raised', 'resolved'].flatMap((state) => inboxes.map(({ name }) => `${state}: ${name}`));
  return aligned([['episode', 'lasted s', ...heads], ...rows]);
}

const secondsTo = (one: Taken | undefined, from: number): string =>
  one === undefined ? 'never' : ((one.arrived - from) / 1000).toFixed(1);

function aligned(rows: readonly (readonly string[])[]): string {
  const widths = (rows[0] ?? []).map((_, at) => Math.max(...rows.map((row) => row[at]?.length ?? 0)));
  return rows
    .map((row) =>
      row
        .map((cell, at) => (at === 0 ? cell.padEnd(widths[at] ?? 0) : cell.padStart(widths[at] ?? 0)))
        .join('  '),
    )
    .join('\n');
}
