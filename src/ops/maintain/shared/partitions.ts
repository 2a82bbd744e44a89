interface Relation {
  readonly oid: number;
  /** `p` and `I`: a partitioned table or index, which holds nothing itself. */
  readonly kind: string;
  readonly partition_of: number | null;
}

/** Finds what holds the rows of a relation: the relation itself, or its partitions at any depth. */
export function leafFinder<R extends Relation>(all: readonly R[]): (relation: R) => readonly R[] {
  const children = Map.groupBy(all, (one) => one.partition_of);
  const leaves = (one: R): readonly R[] =>
    one.kind === 'p' || one.kind === 'I' ? (children.get(one.oid) ?? []).flatMap(leaves) : [one];
  return leaves;
}
