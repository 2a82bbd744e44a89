import { defineErrors, refused } from '../error.ts';

const MAKE = 'Make one with: pgdeck schema snapshot --out schema.json';

export const schemaErrors = defineErrors('schema', {
  notJson: ({ file }: { file: string }) => refused(`${file} is not JSON.`, MAKE),
  newer: ({ file, version, reads }: { file: string; version: number; reads: number }) =>
    refused(`${file} was made by a newer pgdeck (format ${version}, this one reads ${reads}).`, MAKE),
  noSnapshot: ({ file, at, why }: { file: string; at: string; why: string }) =>
    refused(`${file} is no snapshot of a schema: ${at === '' ? '' : `${at}: `}${why}.`, MAKE),
  noBaseline: ({ file }: { file: string }) =>
    refused(
      `${file} is no baseline.`,
      'Name a former output of pgdeck schema check --json, or a JSON list of ids of issues.',
    ),
});
