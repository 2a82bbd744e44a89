import { bytes } from '../../text/units.ts';
import { rowsErrors } from '../archive/rows/errors.ts';
import type { Check } from '../engine/plan.ts';
import { sentenceOf } from '../error.ts';
import { diskError } from '../files/durable.ts';
import { placeOf, roomAt } from '../repository/place.ts';

const block = (title: string, detail: string): Check => ({ title, status: 'block', detail });

/** About what a compressed archive takes of what the rows take in the table. */
const COMPRESSED = 0.5;

/** Whether the archive can be written, as far as that is known before. */
export async function archiveCheck(directory: string, need: number): Promise<Check> {
  const title = 'Archive';
  try {
    const place = await placeOf(directory);
    const room = await roomAt(place);
    if (room === undefined) return block(title, `${place} is no directory. Name another one with --archive.`);
    const about = Math.round(need * COMPRESSED);
    const needs = `about ${bytes(about)} go to ${directory}`;
    if (room.free === undefined) return { title, status: 'ok', detail: `${needs}.` };
    if (room.free < about)
      return block(
        title,
        `${needs}, and ${bytes(room.free)} are free there. Make room, or name another directory with --archive.`,
      );
    return { title, status: 'ok', detail: `${needs}; ${bytes(room.free)} are free there.` };
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    return block(
      title,
      sentenceOf(
        code === undefined
          ? diskError(error, 'writeBackup', directory)
          : rowsErrors.unwritable({ path: directory, code }),
      ),
    );
  }
}
