import { spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { local } from '../../../src/hosts/local.ts';
import { backup } from '../../../src/ops/backup/operation.ts';
import { listRuns } from '../../../src/ops/engine/journal/runs.ts';
import type { OpContext } from '../../../src/ops/engine/operation.ts';
import { undo } from '../../../src/ops/engine/undo.ts';
import { recover } from '../../../src/ops/recover/recover.ts';
import { type Backup, listBackups } from '../../../src/ops/repository/repository.ts';
import { verify } from '../../../src/ops/verify/verify.ts';
import { volumesRestore } from '../../../src/ops/volumes/restore.ts';
import { mountWords } from '../../../src/ops/volumes/source.ts';
import { carryOut, contextOf } from '../../ops/engine/run/stage.ts';
import { complaints } from '../../ops/maintain/stage.ts';
import { type TestDatabase, testDatabase } from '../../support/cluster.ts';
import {
  container,
  describeDocker,
  docker,
  dockerOk,
  postgresContainer,
  type TestContainer,
} from '../../support/docker/docker.ts';
import { cleanEnvironment, MAIN, pgdeckHere, temporaryDirectory } from '../../support/program.ts';
import { until } from '../../support/until.ts';

/** Names that a shell, a list of lines or an option would take for something else. */
const FILL = `cd /files && rm -rf ./* ./.h* && umask 022
printf one > "a b" && printf two > "-rf" && printf three > "$(printf 'line\\nbreak')" && printf four > 'q"u'"'"'ote $HOME \\' 
printf five > 文件 && printf six > .hidden && : > empty && mkdir -p "deep/er" nothing && printf seven > deep/er/f
ln "a b" hard && ln -s /etc/passwd link && ln -s nowhere dangling
n=0; long=x; while [ $n -lt 6 ]; do long=$long$long; n=$((n+1)); done; mkdir "$long$long" && printf eight > "$long$long/$long"
chown -R 1234:4321 deep && chmod 640 deep/er/f && chmod 1777 nothing
dd if=/dev/urandom of=large bs=65536 count=20 2>/dev/null`;
const LOOK =
  'cd /files && find . | sort | while IFS= read -r f; do stat -c "%n %F %a %u:%g" "$f" 2>/dev/null; done; find . -type f -exec sha256sum {} + | sort; readlink link';

/** Both have the programs of their kind; what does not depend on them is shown once. */
const WHOLE = 'dash';

describeDocker.each([WHOLE, 'busybox'] as const)('volumes of a container with %s', (image) => {
  const home = temporaryDirectory();
  const repository = join(home, 'backups');
  const volume = `pgdeck-files-${randomBytes(4).toString('hex')}`;
  const data = `${volume}-data`;
  const directory = join(home, 'a directory, "of" the machine');
  const file = join(home, 'app.conf');
  let db: TestDatabase;
  let server: TestContainer;
  let app: TestContainer;

  beforeAll(async () => {
    db = await testDatabase();
    mkdirSync(join(directory, 'inner'), { recursive: true });
    writeFileSync(join(directory, 'a b'), 'one');
    writeFileSync(file, 'x = 1');
    const binds = [
      mountWords({ kind: 'bind', path: directory }, '/own', false),
      ['-v', `${file}:/app.conf:ro`],
    ];
    [server, app] = await Promise.all([
      container({
        image,
        args: ['-v', `${volume}:/uploads:ro`, '-v', `${data}:/data`, ...binds.flat()],
      }),
      container({ image: 'busybox', args: ['-v', `${volume}:/files`] }),
    ]);
    await app.exec('sh', '-c', FILL);
    await server.exec(
      'sh',
      '-c',
      'mkdir -p /data/x/global && : > /data/x/global/pg_control && echo 16 > /data/x/PG_VERSION',
    );
  }, 60_000);
  // one that a failed test has left stopped
  beforeEach(() => app.start());
  afterAll(async () => {
    await app?.remove();
    await server?.remove();
    await docker(['volume', 'rm', '-f', volume, data]);
    await db?.drop();
  });

  const seen = () => app.exec('sh', '-c', LOOK);
  const leftOver = async () => ({
    containers: await dockerOk(['ps', '-aq', '--filter', 'label=pgdeck.run']),
    volumes: await dockerOk(['volume', 'ls', '-q', '--filter', `label=pgdeck.of=${volume}`]),
  });
  const profile = (volumes: object[]) => ({ directory: repository, volumes }) as OpContext['backup'];
  function contextFor(
    volumes: object[] = [{ name: volume }],
    env: Record<string, string> = {},
    readOnly = false,
  ): OpContext {
    const here = { kind: 'local' } as const;
    const context = contextOf(db.target(), home, {
      readOnly,
      // with this machine's pg_dump: the volumes are what is in the container
      host: local,
      env: { XDG_STATE_HOME: join(home, '.local', 'state'), ...env },
      more: {
        backup: profile(volumes),
        runsOn: { server: server.runsOn, migrations: here, app: here },
      },
    });
    onTestFinished(() => context.close());
    return context;
  }
  async function backedUp(context = contextFor()): Promise<Backup> {
    const { end } = await carryOut(await backup.plan(backup.input.parse({}), context), context);
    expect(end, end.text).toMatchObject({ ok: true });
    const [newest] = await listBackups(repository);
    return newest as Backup;
  }
  let made: Promise<Backup> | undefined;
  let original = '';
  /** Of the volume as it is filled first. */
  const archived = () => {
    made ??= seen().then((text) => {
      original = text;
      return backedUp();
    });
    return made;
  };
  /** Runs pgdeck until it is killed there. */
  function killedAt(point: string, words: readonly string[]) {
    const settings = join(home, 'settings.json');
    const { host, port, user, database } = db.target();
    const connection = { host, port, user, database };
    const shop = { ...connection, backup: profile([{ name: volume }]), runs_on: server.runsOn };
    writeFileSync(settings, JSON.stringify({ profiles: { shop } }));
    return spawnSync(process.execPath, [MAIN, '--profile', 'shop', ...words], {
      encoding: 'utf8',
      env: {
        ...cleanEnvironment(home),
        ...{ DOCKER_HOST: process.env.DOCKER_HOST ?? '', PGDECK_CONFIG: settings, PGDECK_CRASH_AT: point },
      },
    });
  }
  const unrecovered = ({ journal }: OpContext) =>
    listRuns(journal).filter(({ status, recovered_by: by }) => status === 'interrupted' && !by);
  const restoreOf = async (id: string, context: OpContext, more: object = {}) =>
    volumesRestore.plan(volumesRestore.input.parse({ id, name: volume, ...more }), context);

  test('are archived beside the dump, and verified with it', { timeout: 120_000 }, async () => {
    const context = contextFor();
    const made = await archived();
    const [saved, ...others] = made.manifest?.volumes ?? [];
    expect(others).toEqual([]);
    expect(saved).toMatchObject({ name: volume, path: `volumes/${volume}.tar.gz`, files: 11, changed: 0 });
    expect(made.manifest?.files.find(({ path }) => path === saved?.path)?.sha256).toBe(saved?.sha256);
    expect(await leftOver()).toEqual({ containers: '', volumes: '' });
    const plan = await verify.plan(verify.input.parse({ id: made.id }), context);
    const { events } = await carryOut(plan, context);
    expect(JSON.stringify(events)).toContain('1 volume with 11 files, each read to its end');
    const file = join(made.path, saved?.path ?? '');
    const bytes = readFileSync(file);
    writeFileSync(file, bytes.subarray(0, bytes.length - 5000));
    const again = await verify.plan(verify.input.parse({ id: made.id, level: 'decode' }), context);
    const { end } = await carryOut(again, context);
    expect(end).toMatchObject({ ok: false, text: expect.stringContaining('is damaged') });
    // nothing is emptied for one that is damaged
    const before = await seen();
    await app.stop();
    const damaged = await carryOut(await restoreOf(made.id, context), context);
    await app.start();
    writeFileSync(file, bytes);
    expect(damaged.end).toMatchObject({ ok: false, text: expect.stringContaining('was not touched') });
    expect(await seen()).toBe(before);
    expect(await leftOver()).toEqual({ containers: '', volumes: '' });
  });

  test('are restored whole, and that is undone', { timeout: 120_000 }, async () => {
    const context = contextFor();
    const made = await archived();
    await app.exec('sh', '-c', 'cd /files && rm -rf deep "a b" && echo new > .new && echo changed > 文件');
    const changed = await seen();
    expect(complaints(await restoreOf(made.id, context))).toEqual([
      expect.stringContaining(`block In use: ${app.name} may write to ${volume}: docker stop ${app.name}`),
    ]);
    expect(complaints(await restoreOf(made.id, context, { accept: ['writers'] }))).toEqual([
      expect.stringMatching(/^warn In use/),
    ]);
    await app.stop();
    const plan = await restoreOf(made.id, context);
    expect(plan).toMatchObject({ danger: 'type-name', subject: volume, writes: true });
    const { end } = await carryOut(plan, context);
    expect(end, end.text).toMatchObject({ ok: true, undo: `pgdeck undo ${end.run}` });
    await app.start();
    expect(await seen()).toBe(original);
    await app.stop();
    const back = await undo.plan({ run: end.run }, context);
    const undone = await carryOut(back, context);
    expect(undone.end, undone.end.text).toMatchObject({ ok: true });
    await app.start();
    expect(await seen()).toBe(changed);
    const { containers, volumes } = await leftOver();
    expect(containers).toBe('');
    // what was restored, kept in its turn
    expect(volumes.split('\n')).toHaveLength(1);
    await dockerOk(['volume', 'rm', volumes]);
  });

  describe.skipIf(image !== WHOLE)('whatever the programs', () => {
    test('are refused in read-only mode, and where the backup has none of that name', {
      timeout: 120_000,
    }, async () => {
      const made = await archived();
      const context = contextFor([{ name: volume }], {}, true);
      await app.stop();
      const { end } = await carryOut(await restoreOf(made.id, context), context);
      await app.start();
      expect(end).toMatchObject({ status: 'refused', text: expect.stringMatching(/read-only/) });
      await expect(restoreOf(made.id, contextFor(), { name: 'other' })).rejects.toThrow(
        /no volume of that name/,
      );
    });

    test.each(['keep:copied', 'fill:cleared', 'fill:unpacked'])(
      'killed at %s: recover puts back what was there',
      { timeout: 120_000 },
      async (point) => {
        const made = await archived();
        await app.exec('sh', '-c', `echo ${point} > /files/mark`);
        const before = await seen();
        await app.stop();
        const killed = killedAt(point, ['volumes', 'restore', made.id, volume, '--confirm', volume]);
        expect(killed.signal, killed.stderr).toBe('SIGKILL');
        const context = contextFor();
        const plan = await recover.plan({}, context);
        const { end } = await carryOut(plan, context);
        expect(end, end.text).toMatchObject({ ok: true });
        await app.start();
        expect(await seen()).toBe(before);
        expect(await leftOver()).toEqual({ containers: '', volumes: '' });
        expect(unrecovered(context)).toEqual([]);
      },
    );

    test('cancelled while it is filled: it gets back what was there', { timeout: 120_000 }, async () => {
      const made = await archived();
      await app.exec('sh', '-c', 'echo mine > /files/mark');
      const before = await seen();
      await app.stop();
      const context = contextFor();
      const stop = new AbortController();
      const { end, events } = await carryOut(await restoreOf(made.id, context), context, {
        signal: stop.signal,
        onEvent: (event) => {
          if (event.type === 'start' && event.id === 'fill')
            void until(async () => (await leftOver()).containers !== '', { what: 'the helper' }).then(() =>
              stop.abort(),
            );
        },
      });
      await app.start();
      expect(end, end.text).toMatchObject({ status: 'cancelled' });
      expect(events.filter(({ type }) => type === 'rollback')).toContainEqual(
        expect.objectContaining({ ok: true }),
      );
      expect(await seen()).toBe(before);
      expect(await leftOver()).toEqual({ containers: '', volumes: '' });
    });

    test('one that is gone is made anew', { timeout: 120_000 }, async () => {
      const made = await archived();
      const [one] = made.manifest?.volumes ?? [];
      const other = `${volume}-gone`;
      // as after the loss of the machine: the manifest names what is not there
      const manifest = join(made.path, 'manifest.json');
      const intact = readFileSync(manifest);
      const volumes = [{ ...one, name: other, source: { kind: 'volume', name: other } }];
      writeFileSync(manifest, JSON.stringify({ ...made.manifest, volumes }));
      const context = contextFor();
      const { end } = await carryOut(await restoreOf(made.id, context, { name: other }), context);
      writeFileSync(manifest, intact);
      expect(end, end.text).toMatchObject({ ok: true, undo: null });
      const look = [
        'run',
        '--rm',
        '--network=none',
        '-v',
        `${other}:/files`,
        'pgdeck-test:busybox',
        'sh',
        '-c',
        LOOK,
      ];
      expect(await dockerOk(look)).toBe(original);
      await dockerOk(['volume', 'rm', other]);
    });

    test('a directory of the machine is archived and restored, and that is undone', {
      timeout: 120_000,
    }, async () => {
      const context = contextFor([{ path: '/own' }]);
      const made = await backedUp(context);
      expect(made.manifest?.volumes).toMatchObject([
        { name: '/own', source: { kind: 'bind', path: directory } },
      ]);
      rmSync(join(directory, 'a b'));
      writeFileSync(join(directory, 'new'), 'two');
      const { end } = await carryOut(await restoreOf(made.id, context, { name: '/own' }), context);
      expect(end, end.text).toMatchObject({ ok: true });
      expect(readdirSync(directory).sort()).toEqual(['a b', 'inner']);
      const undone = await carryOut(await undo.plan({ run: end.run }, context), context);
      expect(undone.end, undone.end.text).toMatchObject({ ok: true });
      expect(readdirSync(directory).sort()).toEqual(['inner', 'new']);
      const kept = await dockerOk(['volume', 'ls', '-q', '--filter', 'label=pgdeck.of=/own']);
      await dockerOk(['volume', 'rm', ...kept.split('\n')]);
      // where another file system is within, it could not be emptied
      const inner = join(directory, 'inner');
      expect(spawnSync('mount', ['-t', 'tmpfs', 'none', inner]).status).toBe(0);
      try {
        const plan = await restoreOf(made.id, context, { name: '/own' });
        expect(complaints(plan)).toEqual([
          expect.stringMatching(/^block Volume: Another file system is mounted at inner of \/own/),
        ]);
      } finally {
        spawnSync('umount', [inner]);
      }
    });

    test('a mount is named by its path, and what is none is refused', { timeout: 120_000 }, async () => {
      const planned = async (volumes: object[], env: Record<string, string> = {}, input: object = {}) => {
        const plan = await backup.plan(backup.input.parse(input), contextFor(volumes, env));
        const ids = plan.steps.map(({ id }) => id);
        return { ids, told: complaints(plan).filter((one) => /Volumes|Environment/.test(one)) };
      };
      expect(await planned([{ path: '/uploads' }], { BACKUP_VOLUMES: 'true' })).toMatchObject({
        ids: expect.arrayContaining(['volumes']),
        told: [],
      });
      const { told } = await planned([{ path: '/data' }]);
      expect(told).toEqual([
        expect.stringMatching(/block Volumes: \/data holds a data directory of PostgreSQL \(x\)/),
      ]);
      expect((await planned([{ path: '/app.conf' }])).told).toEqual([
        expect.stringMatching(/block Volumes: \/app\.conf is one file that is mounted, and no directory/),
      ]);
      expect((await planned([{ path: '/usr' }])).told).toEqual([
        expect.stringMatching(/block .*Nothing is mounted at \/usr/),
      ]);
      expect((await planned([{ name: 'no_such' }])).told).toEqual([
        expect.stringMatching(/block .*no volume no_such/),
      ]);
      expect((await planned([{ name: volume }], { BACKUP_VOLUMES: 'false' })).told).toEqual([
        expect.stringMatching(/warn .*BACKUP_VOLUMES is off/),
      ]);
      expect((await planned([{ name: volume }], {}, { schema_only: true })).told).toEqual([
        expect.stringMatching(/warn .*Beside a part of a database/),
      ]);
    });
  });
});

describeDocker('a backup that is killed while it archives volumes', () => {
  test('leaves no backup, and recover no half of one and no container', { timeout: 120_000 }, async () => {
    const home = temporaryDirectory();
    const directory = join(home, 'backups');
    const volume = `pgdeck-files-${randomBytes(4).toString('hex')}`;
    const server = await postgresContainer({ args: ['-v', `${volume}:/uploads:ro`] });
    onTestFinished(async () => {
      await server.remove();
      await docker(['volume', 'rm', '-f', volume]);
    });
    const { host, port, user, database } = server.target();
    const backup = { directory, volumes: [{ name: volume }] };
    const settings = join(home, 'settings.json');
    const shop = { host, port, user, database, backup, runs_on: server.runsOn };
    writeFileSync(settings, JSON.stringify({ profiles: { shop } }));
    const env = {
      ...cleanEnvironment(home),
      PGDECK_CONFIG: settings,
      DOCKER_HOST: process.env.DOCKER_HOST ?? '',
    };
    const killed = spawnSync(process.execPath, [MAIN, '--profile', 'shop', 'backup', '--yes'], {
      encoding: 'utf8',
      env: { ...env, PGDECK_CRASH_AT: 'volumes:written' },
    });
    expect(killed.signal, killed.stderr).toBe('SIGKILL');
    expect(readdirSync(directory)).toEqual([expect.stringMatching(/\.partial$/)]);
    const { stdout } = await pgdeckHere(['runs', '--json'], env);
    const [{ id }] = JSON.parse(stdout).runs;
    // as when it is killed a moment earlier, between making one and starting it
    await dockerOk(['create', '--label', `pgdeck.run=${id}`, 'pgdeck-test:busybox', 'true']);
    expect(await pgdeckHere(['--profile', 'shop', 'recover', '--yes'], env)).toMatchObject({ code: 0 });
    expect(readdirSync(directory)).toEqual([]);
    await until(async () => (await dockerOk(['ps', '-aq', '--filter', 'label=pgdeck.run'])) === '', {
      what: 'the end of the helper',
    });
  });
});
