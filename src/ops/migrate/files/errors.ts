import { defineErrors, refused } from '../../error.ts';

/** A tool that knows the directory as its own, and by what. */
interface Owner {
  readonly id: string;
  readonly title: string;
  readonly why: string;
}

const named = ({ title, why }: Owner): string => `${title} (${why})`;
const orSql = ({ id }: Owner): string => `--tool ${id} or --tool sql`;

export const fileErrors = defineErrors('migrate.files', {
  noModels: () =>
    refused('SQL files are not made from models.', 'Leave --autogenerate out, or name the tool with --tool.'),
  /** `by`: whose project it is by what it depends on; `begin`: what begins that. */
  claimed: ({ by, begin }: { by: string; begin: string }) =>
    refused(
      `Nothing is written: there is ${by}, whose migrations would not be SQL files of pgdeck.`,
      `${begin} For SQL files all the same: --tool sql`,
    ),
  twoOwners: ({ owner, sql }: { owner: Owner; sql: Owner }) =>
    refused(
      `There are ${named(owner)} and ${named(sql)}: whose migration it is to be is not certain.`,
      `Say it with ${orSql(owner)}.`,
    ),
  ownFormat: ({ owner }: { owner: Owner }) =>
    refused(
      `This is a project of ${named(owner)}, which begins its migrations itself.`,
      'Leave --format out, or write SQL files beside it with --tool sql.',
    ),
  empty: ({ directory, owner }: { directory: string; owner: Owner }) =>
    refused(
      `There is nothing in ${directory}, and above it is a project of ${named(owner)}.`,
      `Say whose it is to be with ${orSql(owner)}.`,
    ),
  /** `how`: a sentence with the tool's own command. */
  begunByTool: ({ tool, how }: { tool: string; how: string }) =>
    refused(`A migration of ${tool} is more than its SQL, and ${tool} begins it itself.`, how),
  otherFormat: ({ directory, format }: { directory: string; format: string }) =>
    refused(
      `The files in ${directory} are written for ${format}.`,
      'Leave --format out, or name another directory with --dir.',
    ),
});
