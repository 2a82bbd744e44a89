import { join } from 'node:path';
import { bytes, count, plural } from '../../text/units.ts';
import { checksumTree } from '../archive/checksum.ts';
import { decodeArchive } from '../archive/decode.ts';
import { ownersIn } from '../archive/wants.ts';
import type { OpContext } from '../engine/operation.ts';
import type { StepIo } from '../engine/plan.ts';
import { kindOf } from '../repository/foreign.ts';
import type { ManifestVolume, Verification } from '../repository/manifest.ts';
import { discard, type PartialBackup, partialDirectory, publish } from '../repository/publish.ts';
import { saveVolumes } from '../volumes/save.ts';
import type { Volume } from '../volumes/source.ts';
import { concurrently } from './concurrently.ts';
import { archiveName, dumpCommands } from './dump/command.ts';
import { countRows } from './dump/counts.ts';
import { dumpingFailure } from './dump/failure.ts';
import { GLOBALS, globalsCommand, reserveGlobals } from './dump/globals.ts';
import { dumpLine, globalsLine, placeOf } from './dump/line.ts';
import { watchDump } from './dump/progress.ts';
import { runDump } from './dump/run.ts';
import { namesEncoding, type Snapshot, takeSnapshot } from './dump/snapshot.ts';
import { Written } from './dump/written.ts';
import { backupErrors } from './errors.ts';
import { sweep } from './leftovers.ts';
import { compareCounts } from './manifest/compare.ts';
import { type Findings, makeManifest } from './manifest/make.ts';
import { writeRestoreList } from './manifest/restore-list.ts';
import type { BackupMade, BackupRequest } from './request.ts';

/** One run of pg_dump from its snapshot to its manifest. */
export class BackupRun {
  readonly #context: OpContext;
  readonly #request: BackupRequest;
  #partial: PartialBackup | undefined;
  /** The dump as it was written on another host, until it is verified. */
  #there: Written | undefined;
  #snapshot: Snapshot | undefined;
  #createdAt = new Date(0);
  #counts: ReadonlyMap<number, number> = new Map();
  #volumes: readonly ManifestVolume[] = [];
  #verified: Pick<Findings, 'decoded' | 'files' | 'owners' | 'verification'> | undefined;

  constructor(context: OpContext, request: BackupRequest) {
    this.#context = context;
    this.#request = request;
  }

  async snapshot(io: StepIo): Promise<void> {
    const { repository, id } = this.#request;
    io.record({ repository });
    await sweep(io, repository);
    this.#createdAt = this.#context.now();
    this.#partial = await partialDirectory(repository, id, io.run);
    if (this.#partial.id !== id) io.line(`${id} was taken meanwhile: this backup is ${this.#partial.id}`);
    io.crashPoint('snapshot:partial');
    this.#snapshot = await takeSnapshot(io, this.#context, this.#request);
    const { selection, database: facts, hold } = this.#snapshot;
    io.line(
      `snapshot ${hold.id} at ${facts.lsn ?? '-'}: ${plural(selection.filled.length, 'table')} with rows` +
        `${hold.there ? `; psql of ${this.#request.clients.host.label} holds it` : ''}`,
    );
  }

  async dump(io: StepIo): Promise<void> {
    const { partial, snapshot } = this.#begun();
    const request = this.#request;
    const { host } = request.clients;
    if (request.way === 'written') this.#there = await Written.on(host, request, partial.id);
    const encoding = namesEncoding(snapshot);
    const commands = dumpCommands(
      request,
      { directory: placeOf(request, partial.path, this.#there?.directory), id: partial.id },
      { snapshot: snapshot.hold.id, selection: snapshot.selection.args, encoding },
    );
    const archive = this.#archive(partial);
    const parallel = request.format === 'directory' && request.jobs > 1;
    const watched = request.format === 'directory' || this.#there ? undefined : archive;
    const destination = {
      place: this.#there === undefined ? partial.path : `${this.#there.directory} of ${host.label}`,
      ...(request.way === 'streamed' && { stdoutTo: archive }),
    };
    const over = new AbortController();
    const watching = watchDump(io, snapshot, watched, parallel ? 'size' : 'name', over.signal);
    io.line(dumpLine(request, commands, archive));
    try {
      const [, counts] = await concurrently(io.signal, [
        (signal) => runDump(io, this.#context, host, commands, destination, signal, snapshot.server),
        (signal) => countRows(io, this.#context, request, snapshot, signal),
        (signal) => this.#globals(io, signal),
      ]);
      this.#counts = counts;
    } catch (error) {
      throw await dumpingFailure(error, snapshot.hold);
    } finally {
      over.abort();
      await watching;
      await snapshot.hold.close();
    }
    io.crashPoint('dump:written');
    await this.#there?.fetch(io, { kind: kindOf(request.format, archive), path: archive });
    await writeRestoreList(request, archive, snapshot.selection.dangling);
  }

  async #globals(io: StepIo, signal: AbortSignal): Promise<void> {
    const request = this.#request;
    if (!request.globals) return;
    const { partial, snapshot } = this.#begun();
    const { path } = partial;
    const here = request.way === undefined;
    if (here) await reserveGlobals(path);
    const command = globalsCommand(request, here ? path : undefined, snapshot.passwords);
    io.line(globalsLine(request, path, snapshot.passwords));
    const destination = { place: path, ...(!here && { stdoutTo: join(path, GLOBALS) }) };
    const { host } = request.clients;
    await runDump(io, this.#context, host, [command], destination, signal, snapshot.server);
  }

  /** Archives volumes beside the dump. */
  async volumes(io: StepIo, volumes: readonly Volume[]): Promise<void> {
    io.record({ helpers: true });
    this.#volumes = await saveVolumes(io, this.#context, volumes, this.#begun().partial.path);
  }

  async verify(io: StepIo): Promise<void> {
    const { partial, snapshot } = this.#begun();
    const request = this.#request;
    const archive = this.#archive(partial);
    const kind = kindOf(request.format, archive);
    const raw = snapshot.selection.filled.reduce((sum, one) => sum + one.bytes, 0);
    const onProgress = (done: number, of: number | undefined) => {
      const total = of ?? Math.max(raw, done);
      io.progress({ label: 'decoded', done, of: total, unit: 'bytes', estimate: of === undefined });
    };
    const [decoded, files, owners] = await concurrently(io.signal, [
      (signal) =>
        decodeArchive(
          { here: io.here, signal, progress: io.progress },
          request.clients.reader,
          { kind, path: archive, there: this.#there?.archive },
          onProgress,
        ),
      (signal) => checksumTree(partial.path, signal),
      (signal) =>
        request.format === 'plain'
          ? ownersIn(io.here, { kind, archive }, signal)
          : Promise.resolve(undefined),
    ]);
    await this.#there?.remove();
    const { tables, rows } = compareCounts(snapshot, this.#counts, decoded);
    const detail =
      request.content === 'schema'
        ? 'Read to its end; it holds definitions only.'
        : `Read to its end; the rows of ${plural(tables, 'table')} (${rows}) are those of the snapshot.`;
    const verification: Verification = {
      level: request.content === 'schema' ? 'checksum' : 'counts',
      at: this.#context.now().toISOString(),
      ok: true,
      detail,
    };
    this.#verified = { decoded, files, owners, verification };
    io.line(detail);
  }

  async publish(io: StepIo): Promise<BackupMade> {
    const { partial, snapshot } = this.#begun();
    if (this.#verified === undefined) throw backupErrors.notVerified();
    const request = this.#request;
    const ids = { id: partial.id, run: io.run };
    const manifest = makeManifest(this.#context, request, ids, {
      createdAt: this.#createdAt,
      snapshot,
      counts: this.#counts,
      volumes: this.#volumes,
      ...this.#verified,
    });
    const path = await publish(partial, manifest);
    this.#partial = undefined;
    io.crashPoint('publish:renamed');
    io.record({ [`backup:${request.database}`]: partial.id });
    io.line(`${path} (${bytes(manifest.bytes)})`);
    io.result({
      title: `Backup of ${request.database}`,
      columns: ['id', 'size', 'tables', 'rows', 'large objects', 'verified'],
      rows: [
        [
          partial.id,
          bytes(manifest.bytes),
          String(manifest.tables.length),
          count(manifest.tables.reduce((sum, one) => sum + (one.rows ?? 0), 0)),
          count(manifest.large_objects),
          this.#verified.verification.level,
        ],
      ],
    });
    return { id: partial.id, path, archive: join(path, manifest.archive), manifest };
  }

  /** What is not published is no backup. Returns whether there was anything. */
  async discard(): Promise<boolean> {
    await this.#snapshot?.hold.close();
    await this.#there?.remove();
    const partial = this.#partial;
    if (partial) await discard(partial);
    this.#partial = undefined;
    return partial !== undefined;
  }

  #begun(): { partial: PartialBackup; snapshot: Snapshot } {
    if (this.#partial === undefined || this.#snapshot === undefined) throw backupErrors.notBegun();
    return { partial: this.#partial, snapshot: this.#snapshot };
  }

  #archive({ path, id }: PartialBackup): string {
    return join(path, archiveName(this.#request, id));
  }
}
