import { basename } from 'node:path';
import type { Begin } from './format.ts';

/** One file with marks for both ways. */
export const marked = (first: Begin['first'], up: string, down: string): Begin => ({
  first,
  stem: (file) => basename(file),
  files: (stem) => [{ file: `${stem}.sql`, text: `${up}\n\n\n${down}\n\n` }],
});
