/** Variables that psql has set without being told to; others are not there and stay text. */
const SET = new Set(
  (
    'AUTOCOMMIT COMP_KEYWORD_CASE DBNAME ECHO ECHO_HIDDEN ENCODING ERROR FETCH_COUNT HIDE_TABLEAM ' +
    'HIDE_TOAST_COMPRESSION HISTCONTROL HISTFILE HISTSIZE HOST IGNOREEOF LASTOID LAST_ERROR_MESSAGE ' +
    'LAST_ERROR_SQLSTATE ON_ERROR_ROLLBACK ON_ERROR_STOP PIPELINE_COMMAND_COUNT PIPELINE_RESULT_COUNT ' +
    'PIPELINE_SYNC_COUNT PORT PROMPT1 PROMPT2 PROMPT3 QUIET ROW_COUNT SERVER_VERSION_NAME SERVER_VERSION_NUM ' +
    'SERVICE SERVICEFILE SHELL_ERROR SHELL_EXIT_CODE SHOW_ALL_RESULTS SHOW_CONTEXT SINGLELINE SINGLESTEP SQLSTATE ' +
    'USER VERBOSITY VERSION VERSION_NAME VERSION_NUM WATCH_INTERVAL'
  ).split(' '),
);

/**
 * What stands at a colon in psql's eyes: how much of it is no further token, and the variable where psql would put
 * something in its place. Slices of arrays look like variables that are not set.
 */
export function variableAt(text: string): { length: number; named: string | undefined } {
  const plain = /^:([A-Za-z0-9_\x80-\xff]+)/.exec(text);
  if (plain !== null)
    return { length: plain[0].length, named: SET.has(plain[1] ?? '') ? plain[0] : undefined };
  const quoted = /^:(?:'([A-Za-z0-9_\x80-\xff]+)'|"([A-Za-z0-9_\x80-\xff]+)"|\{\?)/.exec(text);
  if (quoted === null) return { length: 1, named: undefined };
  const named = quoted[2] === undefined || SET.has(quoted[2]) ? quoted[0] : undefined;
  return { length: quoted[0].length, named };
}
