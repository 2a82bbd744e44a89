import { FORMATS, formatOf, type MigrationFormat } from '../formats/registry.ts';
import type { Place } from '../formats/shared/evidence.ts';
import type { Format } from '../formats/shared/format.ts';

export type Known = Format<MigrationFormat>;

/** A file, and the format that it can only be of. */
export interface Claimed {
  /** Its path below the directory. */
  readonly file: string;
  readonly format: Known | undefined;
}

export interface Decision {
  /** Undefined where nothing says whose files they are. */
  readonly format: Known | undefined;
  /** Formats that the same files could be of as well. */
  readonly rivals: readonly Known[];
  readonly evidence: string | undefined;
}

/**
 * Whose files they are: what was said, else what most of them can only be. Where other formats take the same names, a
 * file of the project has to say it; two that do say nothing.
 */
export async function decide(
  place: Place,
  sources: readonly Claimed[],
  asked: MigrationFormat | undefined,
): Promise<Decision> {
  if (asked !== undefined) return { format: formatOf(asked), rivals: [], evidence: undefined };
  const claimed = commonFormat(sources);
  const takers = FORMATS.filter((format) => format !== claimed && takes(format, sources, claimed));
  const found: [Known, string][] = [];
  for (const format of takers) {
    const why = await format.evidence?.(place);
    if (why !== undefined) found.push([format, why]);
  }
  const [only, ...more] = found;
  const rivals = takers.filter((one) => !one.onlyWithEvidence || found.some(([format]) => format === one));
  if (only === undefined || more.length > 0) return { format: claimed, rivals, evidence: undefined };
  const [format, evidence] = only;
  return { format, evidence, rivals: [claimed ?? [], rivals].flat().filter((one) => one !== format) };
}

/** The format of most files. */
export function commonFormat(sources: readonly Claimed[]): Known | undefined {
  const count = (format: Known) => sources.filter((source) => source.format === format).length;
  const [most] = FORMATS.filter((format) => count(format) > 0).sort((a, b) => count(b) - count(a));
  return most;
}

/** A format that needs evidence could be that of these: it takes the name of each that is nobody's or the other's. */
function takes({ reader, evidence }: Known, sources: readonly Claimed[], other: Known | undefined): boolean {
  const likely = sources.filter(({ file, format }) =>
    format === undefined ? /^\d/.test(file) : format === other,
  );
  return (
    evidence !== undefined &&
    likely.length > 0 &&
    likely.every(({ file }) => reader.fileName(file) !== undefined) &&
    // a mark in a file's text is its tool's alone
    (other === undefined ||
      likely.every(({ file, format }) => format === undefined || other.reader.claims(file, '')))
  );
}
