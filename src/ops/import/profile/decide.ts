import type { How } from '../convert/how.ts';
import type { ColumnProfile, Tried } from './scan.ts';

/** What a column becomes, and why it is not what was meant first. */
export interface Decision {
  readonly profile: ColumnProfile;
  readonly how: How;
  readonly tried: Tried;
  /** For a person; undefined where the declaration holds. */
  readonly why: string | undefined;
}

/**
 * The first way that refuses no cell; where each refuses some, the one that refuses the fewest, the first of those. `open`: the
 * declaration says nothing, and what text looks like is not believed: `007` is no number.
 */
export function decide(profile: ColumnProfile, open: boolean): Decision {
  const allowed = profile.tried.filter(({ how }) => !open || mayBe(profile, how));
  const [first] = allowed;
  const best = allowed.reduce<Tried | undefined>(
    (least, one) => (least === undefined || one.refused < least.refused ? one : least),
    undefined,
  );
  if (first === undefined || best === undefined) throw new TypeError(`No way for ${profile.column.name}.`);
  const why =
    best === first || open
      ? undefined
      : `${first.refused} of its values ${first.refused === 1 ? 'does' : 'do'} not fit ${first.how.type}: ${first.bad[0]?.reason ?? ''}`;
  return { profile, how: best.how, tried: best, why };
}

function mayBe({ texts, blobs, reals, integers }: ColumnProfile, { name }: How): boolean {
  // nothing says that it will be numbers
  if (texts + blobs + reals + integers === 0) return name === 'text';
  if (texts > 0) return name === 'text';
  if (blobs > 0) return name === 'bytea';
  return reals > 0 ? name === 'double' || name === 'numeric' : name === 'bigint' || name === 'text';
}
