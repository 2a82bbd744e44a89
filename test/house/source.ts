import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import ts from 'typescript';

export interface Import {
  readonly from: string;
  /** A path below src, or the name of a package. */
  readonly to: string;
  readonly kind: 'static' | 'type' | 'dynamic';
}

/** Files that need each other in a circle: their common folder, and they. */
export interface Knot {
  readonly folder: string;
  /** Files, or folders that lie beside each other. */
  readonly members: readonly string[];
}

/** The source as its imports and its modules show it: names of files below src, and their texts. */
export class Source {
  readonly text: ReadonlyMap<string, string>;
  /** Of each file; those of another source stay, where the file is the same. */
  readonly #imports: ReadonlyMap<string, readonly Import[]>;

  constructor(text: ReadonlyMap<string, string>, before?: Source) {
    this.text = text;
    const known = (file: string, content: string) =>
      before?.text.get(file) === content ? before.#imports.get(file) : undefined;
    this.#imports = new Map(
      [...text].map(([file, content]) => [file, known(file, content) ?? importsOf(file, content)]),
    );
  }

  /** The same with some files besides. */
  with(...more: readonly (readonly [string, string])[]): Source {
    return new Source(new Map([...this.text, ...more]), this);
  }

  get imports(): readonly Import[] {
    return [...this.#imports.values()].flat();
  }

  static in(root: string): Source {
    const files = readdirSync(root, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile() && /\.tsx?$/.test(entry.name))
      .map((entry) => relative(root, join(entry.parentPath, entry.name)).split(sep).join('/'));
    return new Source(new Map(files.map((file) => [file, readFileSync(join(root, file), 'utf8')])));
  }

  importsOf(file: string): readonly Import[] {
    return this.#imports.get(file) ?? [];
  }

  get files(): readonly string[] {
    return [...this.text.keys()];
  }

  /** Imports of one of the files by another. */
  get inside(): readonly Import[] {
    return this.imports.filter(({ to }) => this.text.has(to));
  }

  /** What lies in one folder and needs each other in a circle, by values, at every depth. */
  folderKnots(): Knot[] {
    const folders = new Set(this.files.flatMap(foldersOf));
    return [...folders].flatMap((folder) => {
      const edges = new Map<string, Set<string>>();
      for (const { from, to, kind } of this.inside) {
        const [a, b] = [childOf(folder, from), childOf(folder, to)];
        if (kind === 'static' && a !== undefined && b !== undefined && a !== b) connect(edges, a, b);
      }
      return knots(edges).map((members) => ({ folder: folder === '' ? 'src' : folder, members }));
    });
  }

  /** Folders, however they lie to each other, whose own files need each other in a circle, by values. */
  roomKnots(): Knot[] {
    const edges = new Map<string, Set<string>>();
    for (const { from, to, kind } of this.inside)
      if (kind === 'static' && dirname(from) !== dirname(to)) connect(edges, dirname(from), dirname(to));
    return knots(edges).map((members) => ({ folder: 'src', members }));
  }

  /** Files that need themselves by way of others, if only for types. */
  fileKnots(): Knot[] {
    const edges = new Map<string, Set<string>>();
    for (const { from, to, kind } of this.inside) if (kind !== 'dynamic') connect(edges, from, to);
    return knots(edges).map((members) => ({ folder: 'src', members }));
  }

  /** The variables of a room's modules that are there to be changed: reassigned, or empty until something is put in. */
  moduleState(room: string): string[] {
    return [...this.text].flatMap(([file, content]) =>
      file.startsWith(room) ? variablesOf(file, content).map((name) => `${file}: ${name}`) : [],
    );
  }
}

function importsOf(file: string, content: string): Import[] {
  const source = ts.createSourceFile(file, content, ts.ScriptTarget.Latest, false, ts.ScriptKind.TSX);
  const found: Import[] = [];
  const add = (specifier: ts.Node | undefined, kind: Import['kind']) => {
    if (specifier === undefined || !ts.isStringLiteralLike(specifier)) return;
    const to = specifier.text.startsWith('.')
      ? join(dirname(file), specifier.text).split(sep).join('/')
      : specifier.text.replace(/^((?:@[^/]+\/)?[^/]+).*/, '$1');
    found.push({ from: file, to, kind });
  };
  const visit = (node: ts.Node): void => {
    if (ts.isImportDeclaration(node)) {
      const clause = node.importClause;
      const named = clause?.namedBindings;
      const onlyTypes =
        clause?.phaseModifier === ts.SyntaxKind.TypeKeyword ||
        (clause?.name === undefined &&
          named !== undefined &&
          ts.isNamedImports(named) &&
          named.elements.every((element) => element.isTypeOnly));
      add(node.moduleSpecifier, onlyTypes ? 'type' : 'static');
    } else if (ts.isExportDeclaration(node)) add(node.moduleSpecifier, node.isTypeOnly ? 'type' : 'static');
    else if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword)
      add(node.arguments[0], 'dynamic');
    else if (ts.isCallExpression(node) && node.expression.getText(source) === 'require')
      add(node.arguments[0], 'static');
    ts.forEachChild(node, visit);
  };
  visit(source);
  return found;
}

function variablesOf(file: string, content: string): string[] {
  const source = ts.createSourceFile(file, content, ts.ScriptTarget.Latest, false);
  return source.statements.filter(ts.isVariableStatement).flatMap(({ declarationList: list }) => {
    const constant = (list.flags & ts.NodeFlags.Const) !== 0;
    return list.declarations
      .filter(({ initializer }) => !constant || isEmpty(initializer))
      .map(({ name }) => name.getText(source));
  });
}

function isEmpty(node: ts.Expression | undefined): boolean {
  if (node === undefined) return true;
  if (ts.isAsExpression(node) || ts.isSatisfiesExpression(node)) return isEmpty(node.expression);
  if (ts.isNewExpression(node)) return (node.arguments ?? []).length === 0;
  if (ts.isArrayLiteralExpression(node)) return node.elements.length === 0;
  return ts.isObjectLiteralExpression(node) && node.properties.length === 0;
}

/** Every folder that a file lies in, `` for the top. */
function foldersOf(file: string): string[] {
  const parts = file.split('/').slice(0, -1);
  return ['', ...parts.map((_, at) => parts.slice(0, at + 1).join('/'))];
}

/** The file or folder directly in `folder` that leads to a file; undefined for a file elsewhere. */
function childOf(folder: string, file: string): string | undefined {
  if (folder === '') return file.split('/')[0];
  return file.startsWith(`${folder}/`) ? file.slice(folder.length + 1).split('/')[0] : undefined;
}

function connect(edges: Map<string, Set<string>>, from: string, to: string): void {
  edges.set(from, (edges.get(from) ?? new Set()).add(to));
}

/** The strongly connected parts of more than one member (Tarjan). */
function knots(edges: ReadonlyMap<string, ReadonlySet<string>>): string[][] {
  const order = new Map<string, number>();
  const low = new Map<string, number>();
  const stack: string[] = [];
  const found: string[][] = [];
  const walk = (node: string): number => {
    const at = order.size;
    let lowest = at;
    order.set(node, at);
    stack.push(node);
    for (const next of edges.get(node) ?? []) {
      if (!order.has(next)) lowest = Math.min(lowest, walk(next));
      else if (stack.includes(next)) lowest = Math.min(lowest, low.get(next) ?? order.get(next) ?? lowest);
    }
    low.set(node, lowest);
    if (lowest === at) {
      const members = stack.splice(stack.indexOf(node));
      if (members.length > 1) found.push(members.sort());
    }
    return lowest;
  };
  for (const node of edges.keys()) if (!order.has(node)) walk(node);
  return found;
}
