import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { loadParser, type Parser } from '../sql/parser.ts';
import { readSection } from '../sql/section.ts';
import type { Section } from '../sql/statement.ts';
import type { Problem } from '../types.ts';
import { flywayChecksum } from './formats/flyway.ts';
import type { FileName, FormatReader, Part } from './formats/format.ts';
import { READERS } from './formats/formats.ts';
import type { Migration, Migrations } from './migration.ts';
import { readText } from './text.ts';

interface Source {
  readonly file: string;
  readonly text: string;
  /** The format it is written in, where that is certain. */
  readonly reader: FormatReader | undefined;
}

/**
 * Reads a directory of SQL migrations. What is not certain is a problem, never a guess: a file in another format, a
 * version that is there twice, a syntax error.
 */
export async function readMigrations(directory: string): Promise<Migrations> {
  const problems: Problem[] = [];
  const none = { directory, format: undefined, migrations: [], problems };
  const files = listing(directory);
  if (typeof files === 'string') {
    problems.push({ kind: 'no_directory', version: null, message: files });
    return none;
  }
  const sources = readSources(directory, files, problems);
  const reader = commonReader(sources);
  if (reader === undefined) {
    for (const { file } of sources.filter(({ file }) => /^\d/.test(file)))
      problems.push(badFile(null, `${file}: ${NO_MARK}`));
    return none;
  }
  const parser = await loadParser();
  const migrations = assemble(parser, directory, ours(sources, reader, problems), reader, problems);
  return { directory, format: reader.format, migrations, problems };
}

const NO_MARK =
  'it has no mark of a format that is known ("-- migrate:up", "-- +goose Up", "-- Up Migration"); add one.';

const badFile = (version: string | null, message: string): Problem => ({
  kind: 'bad_file',
  version,
  message,
});

function listing(directory: string): string[] | string {
  try {
    return readdirSync(directory, { withFileTypes: true })
      .filter((entry) => !entry.isDirectory() && !entry.name.startsWith('.'))
      .map(({ name }) => name)
      .sort();
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const why = code === 'ENOENT' ? 'does not exist' : `cannot be read (${code})`;
    return `The directory ${directory} ${why}; name the one with the migrations.`;
  }
}

const PROGRAM = /^\d+[_-].*\.(?:[cm]?[jt]s|go|py|java)$|^V[\d._]+__.*\.java$/;

/** A migration that is a program, which only its tool can run. */
export const isProgram = (file: string): boolean => PROGRAM.test(file);

function readSources(directory: string, files: readonly string[], problems: Problem[]): Source[] {
  const sources: Source[] = [];
  for (const file of files) {
    if (isProgram(file))
      problems.push(
        badFile(null, `${file}: it is a program and not SQL; run these migrations with their own tool.`),
      );
    if (!file.endsWith('.sql')) continue;
    const read = readText(join(directory, file));
    if (read.ok) {
      const reader = READERS.find((one) => one.claims(file, read.text));
      sources.push({ file, text: read.text, reader });
    } else if (/^[VU]?\d/.test(file)) problems.push(badFile(null, `${file}: ${read.error}`));
  }
  return sources;
}

/** The format of most files. */
function commonReader(sources: readonly Source[]): FormatReader | undefined {
  const count = (reader: FormatReader) => sources.filter((source) => source.reader === reader).length;
  const [most] = READERS.filter((reader) => count(reader) > 0).sort((a, b) => count(b) - count(a));
  return most;
}

interface Named extends Source {
  readonly name: FileName;
}

/** The files of that format; what else looks like a migration is a problem. */
function ours(sources: readonly Source[], reader: FormatReader, problems: Problem[]): Named[] {
  return sources.flatMap((source) => {
    const { file } = source;
    const name = reader.fileName(file);
    const marked = source.reader !== undefined;
    if (marked && source.reader !== reader)
      problems.push(
        badFile(
          null,
          `${file}: it is written for ${source.reader?.format}, and the others for ${reader.format}.`,
        ),
      );
    else if (marked && name === undefined)
      problems.push(
        badFile(null, `${file}: ${reader.format} does not take this name for a migration; rename it.`),
      );
    // to node-pg-migrate a file without a mark is a way up; the other tools know no such file
    else if (!marked && name !== undefined && reader.format !== 'node-pg-migrate')
      problems.push(badFile(name.version, `${file}: ${NO_MARK}`));
    else if (!marked && name === undefined && /^[VU]?\d/.test(file))
      problems.push(
        badFile(null, `${file}: ${reader.format} does not take this name for a migration; rename it.`),
      );
    else if (name !== undefined) return [{ ...source, name }];
    return [];
  });
}

function assemble(
  parser: Parser,
  directory: string,
  sources: readonly Named[],
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
    return read(parser, directory, reader, up, down, fail);
  });
  for (const { version, up, down } of migrations)
    for (const error of [up.error, down?.error])
      if (error !== undefined) problems.push(badFile(version, error));
  return migrations.sort((a, b) => reader.compare(a, b));
}

function read(
  parser: Parser,
  directory: string,
  reader: FormatReader,
  up: Named,
  down: Named | undefined,
  fail: (message: string) => never[],
): Migration[] {
  const alone = notInTransaction(directory, up.file);
  const parts = reader.parts(up.text, up.name);
  const downParts = down ? reader.parts(down.text, down.name) : parts;
  if (!parts.ok) return fail(withFile(up.file, parts.error));
  if (!downParts.ok) return fail(withFile(down?.file ?? up.file, downParts.error));
  const section = (file: string, part: Part): Section =>
    readSection(parser, { ...part, file }, part.alone ?? alone);
  const back = downParts.down && section(down?.file ?? up.file, downParts.down);
  return [
    {
      version: up.name.version,
      name: up.name.name,
      file: up.file,
      downFile: down?.file,
      up: section(up.file, parts.up ?? { sql: '', line: 1 }),
      // nothing is no way back: what the migration did would stay
      down: back && (back.statements.length > 0 || back.error !== undefined) ? back : undefined,
      crc: reader.format === 'flyway' ? flywayChecksum(up.text) : undefined,
    },
  ];
}

const withFile = (file: string, error: string): string => `${file}:${/^\d/.test(error) ? '' : ' '}${error}`;

/** Flyway's settings for one script stand beside it. */
function notInTransaction(directory: string, file: string): string | undefined {
  const path = join(directory, `${file}.conf`);
  if (!existsSync(path)) return undefined;
  const settings = readText(path);
  return settings.ok && /^\s*executeInTransaction\s*=\s*false\s*$/m.test(settings.text)
    ? `${file}.conf says executeInTransaction=false`
    : undefined;
}
