import { InvalidArgumentError } from 'commander';

/** Seconds between two samples, as they are given on the command line. Throws InvalidArgumentError. */
export function seconds(text: string): number {
  // Number() takes 0x10, 1e2 and blanks too
  const n = /^\d*\.?\d+$/.test(text) ? Number(text) : Number.NaN;
  if (!(n >= 0.5 && n <= 3600)) throw new InvalidArgumentError('Seconds from 0.5 to 3600 are expected.');
  return n;
}
