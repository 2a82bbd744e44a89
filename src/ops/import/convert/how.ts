import { toBoolean, toDouble, toInteger, toNumeric } from './numbers.ts';
import { type NulPolicy, toBytes, toJson, toText, toUuid, toVarchar } from './texts.ts';
import { type Epoch, type Instants, instantsOf, toDate, toTime, toTimestamp } from './times.ts';
import type { Converter } from './value.ts';

/** One way to make values of a column: the type that it gets, and how a cell becomes a value of it. */
export interface How {
  /** As it is named in `--map`. */
  readonly name: string;
  /** PostgreSQL's type, as format_type() has it. */
  readonly type: string;
  readonly convert: Converter;
  /** Of a time, where it is quicker. */
  readonly instants?: Instants;
  /** Of a text: the characters up to which one without a NUL becomes what it is. */
  readonly keepsText?: number;
  /** Of a type that is not known here: the server reads its texts, and writes them in a way of its own. */
  readonly opaque?: true;
}

export interface HowOptions {
  readonly nul?: NulPolicy | undefined;
  /** The zone of times that say none, as `+00`. */
  readonly zone?: string | undefined;
}

const ANY = Number.POSITIVE_INFINITY;

type Make = (options: HowOptions, numbers: readonly number[]) => Omit<How, 'name'>;

const epoch =
  (unit: Epoch): Make =>
  ({ zone = '+00' }) => ({
    type: 'timestamp with time zone',
    convert: toTimestamp({ epoch: unit, zone }),
    instants: instantsOf({ epoch: unit, zone }),
  });

/** Every way by its name, with the numbers in parentheses that it takes at most. */
const HOWS: Readonly<Record<string, { readonly takes?: 1 | 2; readonly make: Make }>> = {
  smallint: { make: () => ({ type: 'smallint', convert: toInteger(2) }) },
  integer: { make: () => ({ type: 'integer', convert: toInteger(4) }) },
  bigint: { make: () => ({ type: 'bigint', convert: toInteger(8) }) },
  double: { make: () => ({ type: 'double precision', convert: toDouble }) },
  numeric: {
    takes: 2,
    make: (_options, [precision, scale = 0]) =>
      precision === undefined
        ? { type: 'numeric', convert: toNumeric() }
        : { type: `numeric(${precision},${scale})`, convert: toNumeric(precision, scale) },
  },
  boolean: { make: () => ({ type: 'boolean', convert: toBoolean }) },
  text: { make: ({ nul }) => ({ type: 'text', convert: toText(nul), keepsText: ANY }) },
  varchar: {
    takes: 1,
    make: ({ nul }, [length]) =>
      length === undefined
        ? { type: 'character varying', convert: toText(nul), keepsText: ANY }
        : {
            type: `character varying(${length})`,
            convert: toVarchar(length, nul),
            keepsText: length,
          },
  },
  jsonb: { make: () => ({ type: 'jsonb', convert: toJson }) },
  uuid: { make: () => ({ type: 'uuid', convert: toUuid }) },
  bytea: { make: () => ({ type: 'bytea', convert: toBytes }) },
  date: { make: () => ({ type: 'date', convert: toDate }) },
  time: { make: () => ({ type: 'time without time zone', convert: toTime }) },
  timestamp: {
    make: () => ({
      type: 'timestamp without time zone',
      convert: toTimestamp({ zone: undefined }),
      instants: instantsOf({ zone: undefined }),
    }),
  },
  timestamptz: {
    make: ({ zone = '+00' }) => ({
      type: 'timestamp with time zone',
      convert: toTimestamp({ zone }),
      instants: instantsOf({ zone }),
    }),
  },
  epoch_s: { make: epoch('epoch_s') },
  epoch_ms: { make: epoch('epoch_ms') },
  epoch_us: { make: epoch('epoch_us') },
  julian: { make: epoch('julian') },
};

/** What `--map` takes. */
export const HOW_NAMES: readonly string[] = Object.keys(HOWS);

const WRITTEN = /^([a-z_]+)(?:\((\d{1,5})(?:,(\d{1,4}))?\))?$/;

/** The way that is named so, such as `varchar(20)`; undefined for none. */
export function howOf(name: string, options: HowOptions = {}): How | undefined {
  const [, word = '', first, second] = WRITTEN.exec(name.replaceAll(' ', '').toLowerCase()) ?? [];
  const found = Object.hasOwn(HOWS, word) ? HOWS[word] : undefined;
  if (found === undefined) return undefined;
  const numbers = [first, second].flatMap((one) => (one === undefined ? [] : [Number(one)]));
  if (numbers.length > (found.takes ?? 0) || numbers[0] === 0) return undefined;
  return {
    name: numbers.length > 0 ? `${word}(${numbers.join(',')})` : word,
    ...found.make(options, numbers),
  };
}
