import { execFile } from 'node:child_process';
import { cp, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { promisify } from 'node:util';
import { gzipSync } from 'node:zlib';
import { SHELLS } from '../cli/completion/shells.ts';

const run = promisify(execFile);

export interface DebOptions {
  readonly version: string;
  /** Debian's name: `amd64`. */
  readonly architecture: string;
  readonly description: string;
  /** The one file, the manual page, the same as HTML, the licence of pgdeck, and those of what is in it. */
  readonly program: string;
  readonly manual: string;
  readonly page: string;
  readonly licence: string;
  readonly others: string;
}

/** More takes minutes, and saves a tenth. */
export const XZ_LEVEL = 2;

/** What lintian says of every package with Node in it, and why it is meant. */
const OVERRIDES = `# Node.js brings these along, of the versions that it was tested with
pgdeck: embedded-library
`;

/** Writes the Debian package of the one file, with manual page and completions. Throws where dpkg-deb fails. */
export async function writeDeb(file: string, options: DebOptions, level = XZ_LEVEL): Promise<void> {
  const root = await mkdtemp(join(tmpdir(), 'pgdeck-package-'));
  try {
    const put = async (path: string, content: string | Buffer, mode = 0o644) => {
      await mkdir(dirname(join(root, path)), { recursive: true, mode: 0o755 });
      await writeFile(join(root, path), content, { mode });
    };
    await put('usr/share/man/man1/pgdeck.1.gz', zipped(options.manual));
    for (const { system, script } of Object.values(SHELLS)) await put(system.slice(1), script);
    await put('usr/share/doc/pgdeck/reference.html', options.page);
    await put('usr/share/doc/pgdeck/copyright', copyright(options));
    await put('usr/share/doc/pgdeck/third-party.gz', zipped(options.others));
    await put('usr/share/doc/pgdeck/changelog.gz', zipped(changelog(options)));
    await put('usr/share/lintian/overrides/pgdeck', OVERRIDES);
    await mkdir(join(root, 'usr/bin'), { mode: 0o755 });
    await cp(options.program, join(root, 'usr/bin/pgdeck'));
    await put('DEBIAN/control', await control(root, options));
    await run('dpkg-deb', ['--root-owner-group', '-Zxz', `-z${level}`, '--build', root, file]);
  } finally {
    await rm(root, { recursive: true, force: true });
  }
}

async function control(root: string, { version, architecture, description }: DebOptions): Promise<string> {
  const { stdout } = await run('du', ['-sk', '--exclude=DEBIAN', root]);
  const [summary = '', rest = ''] = description.split(/:\s+/, 2);
  return `Package: pgdeck
Version: ${version}
Architecture: ${architecture}
Maintainer: ${MAINTAINER}
Installed-Size: ${stdout.split('\t')[0]}
Depends: libc6 (>= 2.28), libgcc-s1, libstdc++6 (>= 8)
Recommends: postgresql-client
Section: database
Priority: optional
Description: ${summary}
${wrapped(`It can ${rest}`)}
`;
}

/** The lines of a long description: indented by one, of 79 characters at most. */
const wrapped = (text: string): string => text.replace(/(.{1,76})(?:\s+|$)/g, ' $1\n').trimEnd();

const MAINTAINER = 'pgdeck <pgdeck@users.noreply.github.com>';

const changelog = ({ version }: DebOptions): string =>
  `pgdeck (${version}) unstable; urgency=medium

  * Release ${version}.

 -- ${MAINTAINER}  ${new Date().toUTCString().replace('GMT', '+0000')}
`;

/** In the form of Debian's copyright files. */
function copyright({ licence }: DebOptions): string {
  const indented = licence
    .trim()
    .split('\n')
    .map((line) => (line.trim() === '' ? ' .' : ` ${line}`))
    .join('\n');
  return `Format: https://www.debian.org/doc/packaging-manuals/copyright-format/1.0/
Upstream-Name: pgdeck
Comment: The program has Node.js and the packages in it that third-party.gz beside this file names, with their
 authors and their licences word by word.

Files: *
Copyright: the authors of pgdeck
License: MIT

License: MIT
${indented}
`;
}

const zipped = (text: string): Buffer => gzipSync(text, { level: 9 });

/** Node's own licence, with those of its parts, from where npm or a tarball has put it. Throws where it is not there. */
export async function nodeLicence(): Promise<string> {
  const above = join(dirname(process.execPath), '..');
  const beside = join(above, 'node_modules', `node-${process.platform}-${process.arch}`, 'LICENSE');
  return readFile(beside, 'utf8').catch(() => readFile(join(above, 'LICENSE'), 'utf8'));
}
