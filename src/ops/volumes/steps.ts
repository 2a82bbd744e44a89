import type { Container } from '../../hosts/docker/inspect.ts';
import { shWord } from '../../text/shell.ts';
import type { OpContext } from '../engine/operation.ts';
import { KEPT, type Step } from '../engine/plan.ts';
import {
  CLEAR,
  COPY,
  COPY_BACK,
  keep,
  makeVolume,
  type Place,
  putBack,
  refuseWriters,
  removeVolume,
  unpackInto,
} from './replace.ts';

/** A volume that is filled anew, and how far that is. */
export interface Filling {
  readonly context: OpContext;
  readonly container: Container;
  readonly place: Place;
  /** Running containers may write to it meanwhile. */
  readonly inUse: boolean;
  /** Something was changed in it. */
  begun: boolean;
  /** What was there is there again. */
  back: boolean;
}

const line = (words: readonly string[]): string => words.map(shWord).join(' ');

/** Puts aside what is in the volume; makes a volume that is not there. */
export function keepStep(filling: Filling): Step {
  const { context, container, place } = filling;
  const { name, source, kept } = place;
  if (kept === undefined)
    return {
      id: 'keep',
      title: `Make ${name}, which is not there`,
      preview: `docker volume create ${shWord(name)}`,
      run: async (io) => {
        io.record({ volume: recorded(place) });
        await makeVolume(io, name, name);
      },
      rollback: async (io) => removeVolume(name, io.run),
    };
  return {
    id: 'keep',
    title: `Copy what is in ${name} to ${kept}`,
    preview: `docker volume create ${shWord(kept)}\n${line(COPY)}`,
    effect: 'nothing is changed; takes as much space again',
    run: async (io) => {
      if (!filling.inUse) await refuseWriters(io, { name, source, kept });
      io.record({ volume: recorded(place) });
      await keep(io, { here: context.here, container }, { ...place, kept });
      io.crashPoint('keep:copied');
    },
    // what cannot be put back stays where it is
    rollback: async (io) => {
      if (filling.begun && !filling.back) return KEPT;
      return removeVolume(kept, io.run);
    },
  };
}

function recorded({ name, source, kept }: Place) {
  return { name, source, kept: kept ?? null };
}

/** Fills it from an archive, which was read before, or from a volume. */
export function fillStep(
  filling: Filling,
  from: { readonly file: string; readonly digest: string } | { readonly volume: string },
): Step {
  const { context, container, place } = filling;
  const { name, kept } = place;
  const around = { here: context.here, container };
  const archive = 'file' in from;
  return {
    id: 'fill',
    title: archive
      ? `Empty ${name}, unpack the archive, and compare`
      : `Put back what was in ${name}, and compare`,
    preview: archive
      ? `${line(CLEAR)}\ngzip -dc volume.tar.gz | tar -xpf - -C ${CLEAR[1]}\nnames, owners, rights and contents as archived`
      : `${line(CLEAR)}\n${line(COPY_BACK)}`,
    effect: 'what reads the volume meanwhile sees half of it',
    run: async (io) => {
      if (!filling.inUse) await refuseWriters(io, place);
      io.record({ volume_begun: true });
      filling.begun = true;
      if ('file' in from) await unpackInto(io, around, place, from);
      else await putBack(io, around, { ...place, kept: from.volume });
      io.record({ volume_done: true });
      io.crashPoint('fill:done');
    },
    rollback: async (io) => {
      if (!filling.begun) return KEPT;
      if (kept !== undefined) await putBack(io, around, { ...place, kept });
      filling.back = true;
      io.record({ volume_back: true });
      return undefined;
    },
  };
}
