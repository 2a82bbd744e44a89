import ts from 'typescript';
import type { Source } from './source.ts';

/** Where keys are named because they are what it is about, and where the terminal itself hears them again. */
const ABOUT_KEYS = /^app\/(core\/(keys|text-field)|keys\/bind|report)\.ts$/;

/**
 * A key as a sentence would name it: by its name, as Ctrl with a letter, or a letter that does something. `I` and `A` are
 * words too, `(B)` is a unit, and so is the s of `3 s`.
 */
export const NAMED =
  /\b(Enter|Esc|Tab|PgUp|PgDn|Backspace|Ctrl)\b|\bSpace [a-z]+s\b|\^[A-Z]\b|\((?!B\))[A-Z0-9]\)|(?<![\w$.'’"{}-]|\d )[b-zB-HJ-Z] (?:[a-z]{2,}s|all|or)\b/;

/** Texts that name a key and no action it is on: each key can be moved, so that only the action knows where it is. */
export function namesKeys({ text }: Source): string[] {
  return [...text].flatMap(([file, content]) => {
    if (!/^(app|ui|alerts|health|monitor)\//.test(file) || ABOUT_KEYS.test(file)) return [];
    const source = ts.createSourceFile(file, content, ts.ScriptTarget.Latest, true);
    const found: string[] = [];
    const visit = (node: ts.Node): void => {
      if (isText(node) && !isBinding(node) && NAMED.test(node.text))
        found.push(`${file}: ${node.text.trim()}`);
      ts.forEachChild(node, visit);
    };
    visit(source);
    return found;
  });
}

function isText(node: ts.Node): node is ts.StringLiteralLike | ts.TemplateLiteralLikeNode | ts.JsxText {
  return ts.isStringLiteralLike(node) || ts.isTemplateLiteralToken(node) || ts.isJsxText(node);
}

/** The keys that an action is declared with. */
function isBinding({ parent }: ts.Node): boolean {
  return ts.isCallExpression(parent) && parent.expression.getText() === 'action';
}
