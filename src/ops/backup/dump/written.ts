import { join } from 'node:path';
import type { Host } from '../../../hosts/host.ts';
import { type Held, holdWorkspace } from '../../archive/held.ts';
import type { Archive } from '../../archive/kind.ts';
import { fetchArchive } from '../../archive/staged.ts';
import type { StepIo } from '../../engine/plan.ts';
import type { BackupRequest } from '../request.ts';
import { archiveName } from './command.ts';

/** A dump that is written where the programs are, and stays there until it was read to its end. */
export class Written {
  readonly #host: Host;
  readonly #held: Held;
  /** Directory that pg_dump writes into. */
  readonly directory: string;
  /** Path of the archive there. */
  readonly archive: string;

  private constructor(host: Host, held: Held, directory: string, name: string) {
    this.#host = host;
    this.#held = held;
    this.directory = directory;
    this.archive = join(directory, name);
  }

  static async on(host: Host, request: BackupRequest, id: string): Promise<Written> {
    const held = await holdWorkspace(host);
    const directory = await held.workspace.directory('dump');
    return new Written(host, held, directory, archiveName(request, id));
  }

  /** Copies it to this machine, compared by its bytes. Throws CommandError where it does not arrive whole. */
  fetch(io: StepIo, archive: Archive): Promise<void> {
    return fetchArchive(this.#host, this.archive, archive, io);
  }

  /** Removes it there. */
  remove(): Promise<void> {
    return this.#held.close();
  }
}
