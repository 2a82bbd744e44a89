import { basename, join } from 'node:path';
import type { Host } from '../../../hosts/host.ts';
import { loadParser, type Parser } from '../sql/parser.ts';
import { readSection } from '../sql/section.ts';
import type { Section } from '../sql/statement.ts';
import type { Problem } from '../types.ts';
import { flywayChecksum } from './formats/flyway.ts';
import type { DirectionText, FileName, FormatReader } from './formats/format.ts';
import { READERS } from './formats/formats.ts';
import { filesBelow, listing } from './listing.ts';
import type { Migration, Migrations } from './migration.ts';
import { readText } from './text.ts';

interface MigrationFile {
  readonly file: string;
  readonly text: string;
  /** The format it is written in, where that is certain. */
  readonly reader: FormatReader | undefined;
}

/**
 * Reads a directory of SQL migrations. What is not certain is a problem, never a guess: a file in another format, a
 * version that is there twice, a syntax error.
 */
export async function readMigrations(host: Host, directory: string): Promise<Migrations> {
  const problems: Problem[] = [];
  const none = { directory, format: undefined, migrations: [], problems };
  const files = await listing(host, directory);
  if (typeof files === 'string') {
    problems.push({ kind: 'no_directory', version: null, message: files });
    return none;
  }
  const above = await readSources(host, directory, files, problems);
  const sources = [...above, ...(await readBelow(host, directory, commonReader(above), problems))];
  const reader = commonReader(sources);
  if (reader === undefined) {
    for (const { file } of sources.filter(({ file }) => /^\d/.test(file)))
      problems.push(badFile(versionIn(file), `${file}: ${NO_MARK}`));
    return none;
  }
  const parser = await loadParser();
  const named = ours(sources, reader, problems);
  const alone = await notInTransaction(host, directory, named);
  const migrations = assemble(parser, alone, named, reader, problems);
  return { directory, format: reader.format, migrations, problems };
}

const NO_MARK =
  'it has no mark of a format that is known ("-- migrate:up", "-- +goose Up", "-- Up Migration"); add one.';

const badFile = (version: string | null, message: string): Problem => ({
  kind: 'bad_file',
  version,
  message,
});

/** Flyway alone looks into directories below. */
async function readBelow(
  host: Host,
  directory: string,
  reader: FormatReader | undefined,
  problems: Problem[],
): Promise<MigrationFile[]> {
  if (reader !== undefined && reader.format !== 'flyway') return [];
  const { files, all } = await filesBelow(host, directory);
  const fitting = files.filter((file) => READERS[0]?.claims(basename(file), '') || isProgram(basename(file)));
  if (!all && (reader !== undefined || fitting.length > 0))
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
      const reader = READERS.find((one) => one.claims(name, read.text));
      sources.push({ file, text: read.text, reader });
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

/** The format of most files. */
function commonReader(sources: readonly MigrationFile[]): FormatReader | undefined {
  const count = (reader: FormatReader) => sources.filter((source) => source.reader === reader).length;
  const [most] = READERS.filter((reader) => count(reader) > 0).sort((a, b) => count(b) - count(a));
  return most;
}

interface NamedFile extends MigrationFile {
  readonly name: FileName;
}

/** The files of that format; what else looks like a migration is a problem. */
function ours(sources: readonly MigrationFile[], reader: FormatReader, problems: Problem[]): NamedFile[] {
  return sources.flatMap((source) => {
    const { file } = source;
    const name = reader.fileName(basename(file));
    const version = versionIn(basename(file));
    const marked = source.reader !== undefined;
    if (marked && source.reader !== reader)
      problems.push(
        badFile(
          version,
          `${file}: it is written for ${source.reader?.format}, and the others for ${reader.format}.`,
        ),
      );
    else if (marked && name === undefined)
      problems.push(
        badFile(version, `${file}: ${reader.format} does not take this name for a migration; rename it.`),
      );
    // to node-pg-migrate a file without a mark is a way up; the other tools know no such file
    else if (!marked && name !== undefined && reader.format !== 'node-pg-migrate')
      problems.push(badFile(name.version, `${file}: ${NO_MARK}`));
    else if (!marked && name === undefined && LIKELY.test(basename(file)))
      problems.push(
        badFile(version, `${file}: ${reader.format} does not take this name for a migration; rename it.`),
      );
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
    if (up === undefined) return fail(`${down?.file}: there is a way down and no way up.`);
    return read(parser, alone.get(up.file), reader, up, down, fail);
  });
  for (const { version, up, down } of migrations)
    for (const error of [up.error, down?.error])
      if (error !== undefined) problems.push(badFile(version, error));
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
    readSection(parser, { ...part, file }, part.alone ?? alone);
  const forth = section(up.file, parts.up ?? { sql: '', line: 1 });
  const nothing = { sql: '', line: 1 };
  const back = section(down?.file ?? up.file, downParts.down ?? nothing);
  const written = downParts.down !== undefined || reader.withoutDown;
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
      crc: reader.format === 'flyway' ? flywayChecksum(up.text) : undefined,
    },
  ];
}

const isEmpty = ({ statements, error }: Section): boolean => statements.length === 0 && error === undefined;

const withFile = (file: string, error: string): string => `${file}:${/^\d/.test(error) ? '' : ' '}${error}`;

/** Files that are run outside a transaction, with what says so. */
type Alone = ReadonlyMap<string, string>;

/** Flyway's settings for one script stand beside it. */
async function notInTransaction(
  host: Host,
  directory: string,
  sources: readonly NamedFile[],
): Promise<Alone> {
  const found = await Promise.all(
    sources.map(async ({ file }): Promise<[string, string] | undefined> => {
      const path = join(directory, `${file}.conf`);
      if (!(await host.files.exists(path))) return undefined;
      const settings = await readText(host, path);
      return settings.ok && /^\s*executeInTransaction\s*=\s*false\s*$/m.test(settings.text)
        ? [file, `${file}.conf says executeInTransaction=false`]
        : undefined;
    }),
  );
  return new Map(found.filter((one) => one !== undefined));
}
