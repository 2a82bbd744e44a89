import { spawnSync } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { createCluster } from '../../src/hosts/cluster/cluster.ts';
import { writeOneFile } from '../../src/package/one-file.ts';
import { percentile } from './measure.ts';
import { aligned } from './report.ts';
import { Program } from './terminal.ts';

const DIST = fileURLToPath(new URL('../../dist', import.meta.url));
const STARTS = 15;
/** What the one file may take, as a multiple of what the unpacked form takes to its first frame. */
const BUDGET = 1.3;

/** A form of the program, and how it is started. */
interface Form {
  readonly name: string;
  readonly file: string;
  readonly args: readonly string[];
}

/** Milliseconds of one start. */
interface Start {
  readonly frame: number;
  readonly data: number;
  readonly version: number;
}

/**
 * What the one file costs against the program as npm unpacks it: start to first frame and to the first figures of an idle
 * server, in a terminal, and `--version`, in turn. `!` marks what is over its budget.
 */
export async function packaged(home: string, starts = STARTS): Promise<string> {
  const file = join(home, 'pgdeck');
  process.stderr.write('the one file …\n');
  await writeOneFile(DIST, file);
  const cluster = await createCluster({});
  try {
    const { host, port, user } = cluster.target();
    const connection = ['-h', host, '-p', String(port), '-U', user, '-d', 'postgres'];
    const forms: readonly Form[] = [
      { name: 'dist/main.js', file: process.execPath, args: [join(DIST, 'main.js')] },
      { name: 'one file', file, args: [] },
    ];
    const results = new Map<Form, Start[]>(forms.map((form) => [form, []]));
    // the first start fills caches, of the compiler and of the file system
    for (let i = 0; i <= starts; i++)
      for (const form of i % 2 === 0 ? forms : forms.toReversed()) {
        const measured = await start(form, connection, home);
        if (i > 0) results.get(form)?.push(measured);
      }
    return `${report(results, starts)}\nsize of the one file: ${((await stat(file)).size / 1e6).toFixed(0)} MB\n`;
  } finally {
    await cluster.remove();
  }
}

async function start({ file, args }: Form, connection: readonly string[], home: string): Promise<Start> {
  const env = {
    ...{ PATH: process.env.PATH ?? '', HOME: home, XDG_CACHE_HOME: join(home, '.cache') },
    ...{ LC_ALL: 'C.UTF-8', COLORTERM: 'truecolor' },
  };
  const program = new Program(file, [...args, ...connection], env);
  let seen: Pick<Start, 'frame' | 'data'>;
  try {
    seen = {
      frame: await program.shows(/1 Overview +2 Activity/),
      data: await program.shows(/conns !*\d+\/\d+/),
    };
  } finally {
    await program.quit();
  }
  const began = performance.now();
  const { stdout, stderr } = spawnSync(file, [...args, '--version'], { env, encoding: 'utf8' });
  const version = performance.now() - began;
  if (!/^\d+\.\d+\.\d+\n$/.test(stdout) || stderr !== '')
    throw new Error(`--version is not one line: ${stdout}${stderr}`);
  return { ...seen, version };
}

const MEASURES: readonly { readonly title: string; readonly of: keyof Start }[] = [
  { title: 'first frame, ms', of: 'frame' },
  { title: 'first figures, ms', of: 'data' },
  { title: '--version, ms', of: 'version' },
];

function report(results: ReadonlyMap<Form, readonly Start[]>, starts: number): string {
  const forms = [...results];
  const rows = MEASURES.flatMap(({ title, of }) =>
    [0.5, 0.9].map((share) => {
      const [unpacked = Number.NaN, one = Number.NaN] = forms.map(([, all]) =>
        percentile(
          all.map((measured) => measured[of]),
          share,
        ),
      );
      const bound = of === 'frame' && share === 0.5;
      const ratio = `${(one / unpacked).toFixed(2)}${bound && one > BUDGET * unpacked ? ' !' : ''}`;
      const cells = [unpacked.toFixed(0), one.toFixed(0), ratio, bound ? String(BUDGET) : '-'];
      return [`${title}${share === 0.5 ? '' : ', p90'}`, ...cells];
    }),
  );
  const head = ['', ...forms.map(([{ name }]) => name), 'ratio', 'budget'];
  return [`${starts} starts of each form, in turn`, ...aligned([head, ...rows])].join('\n');
}
