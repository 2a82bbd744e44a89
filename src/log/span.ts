/** A time, in milliseconds since 1970. */
export interface Span {
  readonly from: number;
  readonly until: number;
}

/** By the second where a form has no fractions: of the last second what is there is in the form that goes on. */
export function isWithin(at: number, { from, until }: Span): boolean {
  const second = (time: number) => (at % 1000 === 0 ? Math.floor(time / 1000) * 1000 : time);
  return at >= second(from) && at < second(until);
}
