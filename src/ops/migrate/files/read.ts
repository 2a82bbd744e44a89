import { basename, join } from 'node:path';
import type { Host } from '../../../hosts/host.ts';
import { loadParser, type Parser } from '../../sql/parser.ts';
import { FORMATS, formatOf, type MigrationFormat } from '../formats/registry.ts';
import type { DirectionText, FileName, FormatReader } from '../formats/shared/format.ts';
import { isBigint } from '../formats/shared/text.ts';
import { rereadSection } from '../sql/reread.ts';
import type { Section } from '../sql/statement.ts';
import type { Problem } from '../types.ts';
import { type Claimed, commonFormat, decide, type Known } from './decide.ts';
import { filesBelow, listing } from './listing.ts';
import type { Migration } from './migration.ts';
import type { Migrations } from './migrations.ts';
import { readText } from './text.ts';

interface MigrationFile extends Claimed {
  readonly text: string;
  readonly raw: string;
}

/**
 * Reads a directory of SQL migrations. What is not certain is a problem, never a guess: a file in another format, a
 * version that is there twice, a syntax error. `asked`: whose they are, where that was said.
 */
export async function readMigrations(
  host: Host,
  directory: string,
  asked?: MigrationFormat,
): Promise<Migrations> {
  const problems: Problem[] = [];
  const none = {
    ...{ directory, format: undefined, reader: undefined, evidence: undefined },
    ...{ rivals: [], files: [], migrations: [], problems },
  };
  const files = await listing(host, directory);
  if (typeof files === 'string') {
    problems.push({ kind: 'no_directory', version: null, message: files });
    return none;
  }
  const above = await readSources(host, directory, files, problems);
  const looking = asked === undefined ? commonFormat(above) : formatOf(asked);
  const sources = [...above, ...(await readBelow(host, directory, looking, problems))];
  const { format, rivals, evidence } = await decide({ host, directory }, sources, asked);
  const found = {
    ...none,
    evidence,
    rivals: rivals.map(({ name }) => name),
    files: sources.map(({ file }) => file),
  };
  if (format === undefined) {
    for (const { file } of sources.filter(({ file }) => /^\d[^/]*$/.test(file)))
      problems.push(badFile(versionIn(file), `${file}: ${NO_MARK}`));
    return found;
  }
  const reader = format.readerIn ? await format.readerIn({ host, directory }) : format.reader;
  if (reader === undefined) return found;
  if (typeof reader === 'string') {
    problems.push(badFile(null, reader));
    return { ...found, format: format.name, reader: format.reader };
  }
  const parser = await loadParser();
  const named = ours(sources, { ...format, reader }, problems);
  const alone = await notInTransaction(host, directory, named, reader);
  const migrations = assemble(parser, alone, named, reader, problems);
  return { ...found, format: format.name, reader, migrations };
}

const NO_MARK =
  'it has no mark of a format that is known ("-- migrate:up", "-- +goose Up", "-- Up Migration"); add one.';

const badFile = (version: string | null, message: string): Problem => ({
  kind: 'bad_file',
  version,
  message,
});

/** Files in directories below, for the formats that look there. */
async function readBelow(
  host: Host,
  directory: string,
  format: Known | undefined,
  problems: Problem[],
): Promise<MigrationFile[]> {
  const looking = (format === undefined ? FORMATS : [format]).filter(({ reader }) => reader.below);
  if (looking.length === 0) return [];
  const { files, all } = await filesBelow(host, directory);
  const fitting = files.filter(
    (file) =>
      isProgram(basename(file)) ||
      looking.some(
        ({ reader, evidence }) =>
          reader.claims(file, '') || (evidence && reader.fileName(file) !== undefined),
      ),
  );
  if (!all && (format !== undefined || fitting.length > 0))
    problems.push(
      badFile(null, `There are too many directories below ${directory}; name the one with the migrations.`),
    );
  return readSources(host, directory, fitting, problems);
}

const PROGRAM = /^\d+[_-].*\.(?:[cm]?[jt]s|go|py|java)$|^V[\d._]+__.*\.java$/;

/** A migration that is a program, which only its tool can run. */
export const isProgram = (file: string): boolean => PROGRAM.test(file);

async function readSources(
  host: Host,
  directory: string,
  files: readonly string[],
  problems: Problem[],
): Promise<MigrationFile[]> {
  const sources: MigrationFile[] = [];
  for (const file of files) {
    const name = basename(file);
    if (isProgram(name))
      problems.push(
        badFile(
          versionIn(name),
          `${file}: it is a program and not SQL; run these migrations with their own tool.`,
        ),
      );
    if (LOUD.test(name) && !name.endsWith('.sql'))
      problems.push(
        badFile(
          versionIn(name),
          `${file}: its tool may not see it, since it does not end in .sql; rename it.`,
        ),
      );
    if (!file.endsWith('.sql')) continue;
    const read = await readText(host, join(directory, file));
    if (read.ok) {
      const format = FORMATS.find(
        ({ reader }) => (reader.below || name === file) && reader.claims(file, read.text),
      );
      sources.push({ file, text: read.text, raw: read.raw, format });
    } else if (LIKELY.test(name)) problems.push(badFile(versionIn(name), `${file}: ${read.error}`));
  }
  return sources;
}

/** What a migration of some tool begins with. */
const LIKELY = /^(?:[VUB]?\d|R__)/;
const LOUD = /^(?:[VUB]?\d.*|R__.*)\.sql$/i;

/** The version that a name begins with, which says where a file would stand; null without one. */
const versionIn = (name: string): string | null => {
  const [, digits] = /^[VU]?(\d+(?:[._]\d+)*)(?=_|-|\.)/.exec(name) ?? [];
  return digits?.replaceAll('_', '.') ?? null;
};

interface NamedFile extends MigrationFile {
  readonly name: FileName;
}

/** The files of that format; what else looks like a migration is a problem. */
function ours(sources: readonly MigrationFile[], format: Known, problems: Problem[]): NamedFile[] {
  const { reader, title } = format;
  const { stranger = `${title} does not take this name for a migration; rename it.` } = reader;
  return sources.flatMap((source) => {
    const { file } = source;
    const name = reader.fileName(file);
    const version = versionIn(basename(file));
    const other = source.format?.name === format.name ? undefined : source.format;
    // by its name alone it may be a rival's
    const foreign = other !== undefined && !(name && other.reader.claims(file, ''));
    const marked = source.format !== undefined && (foreign || other === undefined);
    if (foreign)
      problems.push(
        badFile(version, `${file}: it is written for ${other.title}, and the others for ${title}.`),
      );
    else if (marked && name === undefined) problems.push(badFile(version, `${file}: ${stranger}`));
    else if (!marked && name !== undefined && !reader.unmarked)
      problems.push(badFile(name.version, `${file}: ${NO_MARK}`));
    else if (!marked && name === undefined && LIKELY.test(basename(file)))
      problems.push(badFile(version, `${file}: ${stranger}`));
    else if (name !== undefined) return [{ ...source, name }];
    return [];
  });
}

function assemble(
  parser: Parser,
  alone: Alone,
  sources: readonly NamedFile[],
  reader: FormatReader,
  problems: Problem[],
): Migration[] {
  const versions = Map.groupBy(sources, ({ name }) => name.version);
  const migrations = [...versions].flatMap(([version, group]) => {
    const [up, second] = group.filter(({ name }) => name.direction !== 'down');
    const [down, secondDown] = group.filter(({ name }) => name.direction === 'down');
    const twice = second ? [up, second] : secondDown ? [down, secondDown] : undefined;
    const fail = (message: string) => {
      problems.push(badFile(version, message));
      return [];
    };
    if (twice)
      return fail(`${twice.map((one) => one?.file).join(' and ')} have the same version; rename one.`);
    if (reader.bigint && !isBigint(version))
      return fail(`${(up ?? down)?.file}: its version is larger than a bigint; rename it.`);
    if (up === undefined) return fail(`${down?.file}: there is a way down and no way up.`);
    return read(parser, alone.get(up.file), reader, up, down, fail);
  });
  for (const { version, up, down } of migrations) {
    if (up.error !== undefined) problems.push(badFile(version, up.error));
    if (down?.error !== undefined) problems.push({ kind: 'bad_way_down', version, message: down.error });
  }
  return migrations.sort((a, b) => reader.compare(a, b));
}

function read(
  parser: Parser,
  alone: string | undefined,
  reader: FormatReader,
  up: NamedFile,
  down: NamedFile | undefined,
  fail: (message: string) => never[],
): Migration[] {
  const parts = reader.parts(up.text, up.name);
  const downParts = down ? reader.parts(down.text, down.name) : parts;
  if (!parts.ok) return fail(withFile(up.file, parts.error));
  if (!downParts.ok) return fail(withFile(down?.file ?? up.file, downParts.error));
  const section = (file: string, part: DirectionText): Section =>
    rereadSection(parser, { ...part, file }, part.alone ?? alone);
  const forth = section(up.file, parts.up ?? { sql: '', line: 1 });
  const nothing = { sql: '', line: 1 };
  const back = section(down?.file ?? up.file, downParts.down ?? nothing);
  const written = downParts.down !== undefined || reader.withoutDown === true;
  // nothing is a way back from nothing; else what the migration did would stay
  const leads = back.statements.length > 0 || back.error !== undefined || isEmpty(forth);
  return [
    {
      version: up.name.version,
      name: up.name.name,
      file: up.file,
      downFile: down?.file,
      kind: up.name.kind,
      up: forth,
      down: written && leads ? back : undefined,
      forgettable: written && !leads,
      key: up.name.key,
      sums: reader.sums?.(up.raw) ?? [],
    },
  ];
}

const isEmpty = ({ statements, error }: Section): boolean => statements.length === 0 && error === undefined;

const withFile = (file: string, error: string): string => `${file}:${/^\d/.test(error) ? '' : ' '}${error}`;

/** Files that are run outside a transaction, with what says so. */
type Alone = ReadonlyMap<string, string>;

/** What a tool's settings of one migration, beside it, say. */
async function notInTransaction(
  host: Host,
  directory: string,
  sources: readonly NamedFile[],
  { settings }: FormatReader,
): Promise<Alone> {
  if (settings === undefined) return new Map();
  const found = await Promise.all(
    sources.map(async ({ file }): Promise<[string, string] | undefined> => {
      const beside = settings.of(file);
      const path = join(directory, beside);
      if (!(await host.files.exists(path))) return undefined;
      const read = await readText(host, path);
      return read.ok && settings.pattern.test(read.text)
        ? [file, `${beside} says ${settings.says}`]
        : undefined;
    }),
  );
  return new Map(found.filter((one) => one !== undefined));
}
