import type { Destination } from '../../types.ts';
import { adapterErrors } from '../errors.ts';
import {
  chooseDown,
  chooseUp,
  isApplied,
  itemFor,
  itemThatStays,
  refuseWithoutDown,
} from '../shared/status.ts';
import { basesOf, headsOf, isLine, revisionOf, withAncestors } from './revisions.ts';
import type { AlembicStatus } from './status.ts';
import { mergeCommand } from './tool.ts';

export interface HeadChoice {
  /** What the tool is told to go to. */
  readonly target: string;
  /** In the order they are run. */
  readonly versions: readonly string[];
}

/** What going up to a destination applies; `head`, `heads` and `NAME@head` are the tool's words. Throws OpError. */
export function upTo({ project, revisions, status, applied }: AlembicStatus, to: Destination): HeadChoice {
  const open = headsOf(revisions).filter((version) => !applied.has(version));
  const asked = to.kind === 'to' ? to.version : to.kind === 'latest' ? 'head' : undefined;
  if (asked === 'heads') return reaching('heads', open);
  if (asked === 'head') {
    if (open.length > 1) throw adapterErrors.severalHeads({ heads: open, merge: mergeCommand(project) });
    return reaching(open[0] ?? 'head', open);
  }
  const [, branch] = /^(.+)@heads?$/.exec(asked ?? '') ?? [];
  if (asked !== undefined && branch !== undefined) {
    const of = named(revisions, branch);
    return reaching(
      asked,
      headsOf(revisions).filter((head) => withAncestors(revisions, [head]).has(of)),
    );
  }
  if (asked !== undefined) {
    const { version } = itemFor(status.items, asked);
    return reaching(version, [version]);
  }
  mustBeLine(revisions);
  const end = chooseUp(status.items, to).at(-1)?.version;
  return end === undefined ? { target: 'head', versions: [] } : reaching(end, [end]);

  function reaching(target: string, ends: readonly string[]): HeadChoice {
    const wanted = withAncestors(revisions, ends);
    const versions = revisions.map(({ version }) => version).filter((v) => wanted.has(v) && !applied.has(v));
    return { target, versions };
  }
}

/** What going down takes back; `base` and `NAME@base` are the tool's words. Throws OpError. */
export function downTo(survey: AlembicStatus, to: Destination): HeadChoice {
  const { revisions, status, applied } = survey;
  const inOrder = status.items.filter(isApplied);
  const asked = to.kind === 'to' && to.version !== 'base' ? to.version : undefined;
  const [, branch] = /^(.+)@base$/.exec(asked ?? '') ?? [];
  if (asked !== undefined && branch !== undefined) {
    const roots = basesOf(revisions, [named(revisions, branch)]);
    return above(asked, ({ below }) => roots.some((root) => below.has(root)));
  }
  if (asked !== undefined) {
    const stays = itemThatStays(status.items, asked).version;
    // what is beside it on another branch stays, too
    return above(stays, ({ version, below }) => version !== stays && below.has(stays));
  }
  const destination: Destination = to.kind === 'to' ? { kind: 'base' } : to;
  if (destination.kind !== 'base') mustBeLine(revisions.filter(({ version }) => applied.has(version)));
  const chosen = chooseDown(inOrder, destination, status.items);
  const stays = inOrder.at(-chosen.length - 1)?.version;
  return {
    target: chosen.length === inOrder.length ? 'base' : (stays ?? 'base'),
    versions: chosen.map(({ version }) => version),
  };

  function above(
    target: string,
    goes: (one: { version: string; below: ReadonlySet<string> }) => boolean,
  ): HeadChoice {
    const items = inOrder
      .filter(({ version }) => goes({ version, below: withAncestors(revisions, [version]) }))
      .toReversed();
    refuseWithoutDown(items);
    return { target, versions: items.map(({ version }) => version) };
  }
}

function named(revisions: AlembicStatus['revisions'], name: string): string {
  const found = revisionOf(revisions, name);
  if (found !== undefined) return found.version;
  throw adapterErrors.noRevision({ name });
}

function mustBeLine(revisions: AlembicStatus['revisions']): void {
  if (!isLine(revisions)) throw adapterErrors.branches();
}
