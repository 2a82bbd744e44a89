import { quoteLiteral } from '../../../../db/ident.ts';

/** Readable where the names in it allow it. */
export function block(body: string): string {
  return `DO ${body.includes('$do$') ? quoteLiteral(body) : `$do$ ${body} $do$`}`;
}

/** Ends the transaction with a message where the condition holds. */
export function assertion(wrong: string, message: string): string {
  const body = `BEGIN IF ${wrong} THEN RAISE EXCEPTION USING MESSAGE = ${message}; END IF; END`;
  return block(body);
}
