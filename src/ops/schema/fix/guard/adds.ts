import type { AlterTableStmt, Node, RangeVar } from 'libpg-query';
import { all, as, kindOf, objectName, strings } from '../../../sql/ast.ts';
import type { Subject } from '../statement.ts';

/** Whether a statement of its kind only adds, and is about the subject. */
type Adds = (node: Node, subject: Subject, fresh: boolean) => boolean;

/** In no name: a dot may be. */
const SEPARATOR = '\0';
const dotted = ({ name }: Subject) => name.join(SEPARATOR);
const table = ({ name }: Subject) => name.slice(0, 2).join(SEPARATOR);
/** An index or the like is called by its schema and its own name. */
const inSchemaOf = ({ name }: Subject) => `${name[0]}${SEPARATOR}${name.at(-1)}`;
const last = ({ name }: Subject) => name.at(-1);

/** With its schema, which has to be there. */
function nameOf(relation: RangeVar | undefined): string {
  return `${relation?.schemaname}${SEPARATOR}${relation?.relname}`;
}

/** Kinds of statements that add; everything else is refused. */
export const ADDS: Readonly<Record<string, Adds>> = {
  CreateSchemaStmt: (node, subject) => {
    const made = as(node, 'CreateSchemaStmt');
    return made?.schemaname === dotted(subject) && (made.schemaElts ?? []).length === 0;
  },
  CreateExtensionStmt: (node, subject) => as(node, 'CreateExtensionStmt')?.extname === dotted(subject),
  CreateEnumStmt: (node, subject) =>
    strings(as(node, 'CreateEnumStmt')?.typeName).join(SEPARATOR) === dotted(subject),
  // one that renames has an old value
  AlterEnumStmt: (node, subject) => {
    const added = as(node, 'AlterEnumStmt');
    return strings(added?.typeName).join(SEPARATOR) === dotted(subject) && added?.oldVal === undefined;
  },
  CreateDomainStmt: (node, subject) =>
    strings(as(node, 'CreateDomainStmt')?.domainname).join(SEPARATOR) === dotted(subject),
  AlterDomainStmt: (node, subject) => {
    const altered = as(node, 'AlterDomainStmt');
    const own = altered?.name ?? as(altered?.def, 'Constraint')?.conname;
    return (
      strings(altered?.typeName).join(SEPARATOR) === table(subject) &&
      own === last(subject) &&
      (altered?.subtype === 'C' || altered?.subtype === 'V')
    );
  },
  CompositeTypeStmt: (node, subject) => nameOf(as(node, 'CompositeTypeStmt')?.typevar) === dotted(subject),
  CreateRangeStmt: (node, subject) =>
    strings(as(node, 'CreateRangeStmt')?.typeName).join(SEPARATOR) === dotted(subject),
  CreateSeqStmt: (node, subject) => {
    const made = as(node, 'CreateSeqStmt');
    return nameOf(made?.sequence) === dotted(subject) && stays(made?.sequence?.relpersistence);
  },
  AlterSeqStmt: (node, subject) => {
    const altered = as(node, 'AlterSeqStmt');
    const options = all(altered?.options, 'DefElem').map(({ defname }) => defname);
    return nameOf(altered?.sequence) === dotted(subject) && options.join() === 'owned_by';
  },
  CreateStmt: (node, subject) => {
    const made = as(node, 'CreateStmt');
    return nameOf(made?.relation) === dotted(subject) && stays(made?.relation?.relpersistence);
  },
  CreateForeignTableStmt: (node, subject) => {
    const made = as(node, 'CreateForeignTableStmt')?.base;
    return nameOf(made?.relation) === dotted(subject);
  },
  AlterTableStmt: (node, subject, fresh) => altersOnly(as(node, 'AlterTableStmt'), subject, fresh),
  IndexStmt: (node, subject) => {
    const made = as(node, 'IndexStmt');
    // a new table or view brings its own
    const own = subject.kind === 'index' || subject.kind === 'constraint';
    return nameOf(made?.relation) === table(subject) && (!own || made?.idxname === last(subject));
  },
  ReindexStmt: (node, subject) => {
    const built = as(node, 'ReindexStmt');
    return built?.kind === 'REINDEX_OBJECT_INDEX' && nameOf(built.relation) === inSchemaOf(subject);
  },
  CreateFunctionStmt: (node, subject) => {
    const made = as(node, 'CreateFunctionStmt');
    return strings(made?.funcname).join(SEPARATOR) === dotted(subject) && made?.replace !== true;
  },
  DefineStmt: (node, subject) => {
    const made = as(node, 'DefineStmt');
    return (
      made?.kind === 'OBJECT_AGGREGATE' &&
      strings(made.defnames).join(SEPARATOR) === dotted(subject) &&
      made.replace !== true
    );
  },
  ViewStmt: (node, subject) => {
    const made = as(node, 'ViewStmt');
    return nameOf(made?.view) === dotted(subject) && made?.replace !== true && reads(made?.query);
  },
  CreateTableAsStmt: (node, subject) => {
    const made = as(node, 'CreateTableAsStmt');
    return (
      made?.objtype === 'OBJECT_MATVIEW' && nameOf(made.into?.rel) === dotted(subject) && reads(made.query)
    );
  },
  CreateTrigStmt: (node, subject) => {
    const made = as(node, 'CreateTrigStmt');
    return (
      made?.trigname === last(subject) && nameOf(made?.relation) === table(subject) && made?.replace !== true
    );
  },
  RuleStmt: (node, subject) => {
    const made = as(node, 'RuleStmt');
    return (
      made?.rulename === last(subject) && nameOf(made?.relation) === table(subject) && made?.replace !== true
    );
  },
  CreatePolicyStmt: (node, subject) => {
    const made = as(node, 'CreatePolicyStmt');
    return made?.policy_name === last(subject) && nameOf(made?.table) === table(subject);
  },
  CreateStatsStmt: (node, subject) =>
    strings(as(node, 'CreateStatsStmt')?.defnames).join(SEPARATOR) === dotted(subject),
  AlterStatsStmt: (node, subject) =>
    strings(as(node, 'AlterStatsStmt')?.defnames).join(SEPARATOR) === dotted(subject),
  CreateEventTrigStmt: (node, subject) => as(node, 'CreateEventTrigStmt')?.trigname === dotted(subject),
  AlterEventTrigStmt: (node, subject) => as(node, 'AlterEventTrigStmt')?.trigname === dotted(subject),
  CreatePublicationStmt: (node, subject) => as(node, 'CreatePublicationStmt')?.pubname === dotted(subject),
  CommentStmt: (node, subject) => isAbout(as(node, 'CommentStmt')?.object, subject),
};

/** Not one that goes with the session. */
function stays(persistence: string | undefined): boolean {
  return persistence !== 't';
}

/** A query that is nothing but one, in all its parts. */
function reads(query: Node | undefined): boolean {
  const select = as(query, 'SelectStmt');
  if (query === undefined || kindOf(query) !== 'SelectStmt' || select?.intoClause !== undefined) return false;
  return all(select?.withClause?.ctes, 'CommonTableExpr').every(({ ctequery }) => reads(ctequery));
}

/** What ALTER TABLE may do to anything, and what only to a table that is made in the same plan. */
const ALWAYS: ReadonlySet<string> = new Set([
  'AT_AddColumn',
  'AT_AddConstraint',
  'AT_ValidateConstraint',
  'AT_AttachPartition',
  'AT_SetStatistics',
  'AT_SetStorage',
  'AT_SetCompression',
]);
const FRESH: ReadonlySet<string> = new Set([
  'AT_ColumnDefault',
  'AT_SetNotNull',
  'AT_SetOptions',
  'AT_EnableRowSecurity',
  'AT_ForceRowSecurity',
  'AT_ReplicaIdentity',
  'AT_ClusterOn',
]);
/** How a new trigger or rule fires. */
const FIRING =
  /^AT_(EnableReplicaTrig|EnableAlwaysTrig|DisableTrig|EnableReplicaRule|EnableAlwaysRule|DisableRule)$/;

function altersOnly(altered: AlterTableStmt | undefined, subject: Subject, fresh: boolean): boolean {
  const [command, another] = all(altered?.cmds, 'AlterTableCmd');
  const relation = nameOf(altered?.relation);
  const { subtype = '', name, def } = command ?? {};
  if (command === undefined || another !== undefined) return false;
  if (subtype === 'AT_AttachPartition') return attaches(altered, def, subject);
  if (relation !== table(subject)) return false;
  if (FIRING.test(subtype))
    return (subject.kind === 'trigger' || subject.kind === 'rule') && name === last(subject);
  const added = name ?? as(def, 'ColumnDef')?.colname ?? as(def, 'Constraint')?.conname;
  const own = subject.name.length < 3 || added === last(subject);
  if (ALWAYS.has(subtype)) return own;
  if (!FRESH.has(subtype)) return false;
  const options = subject.kind === 'column' && subtype === 'AT_SetOptions';
  const standard = subtype === 'AT_ColumnDefault' && altered?.objtype === 'OBJECT_VIEW';
  return (fresh || options || standard) && own && (subtype !== 'AT_ColumnDefault' || def !== undefined);
}

/** Of a table its own attaching; of an index that to its parent's, or of its parts to it. */
function attaches(altered: AlterTableStmt | undefined, def: Node | undefined, subject: Subject): boolean {
  const part = nameOf(as(def, 'PartitionCmd')?.name);
  if (altered?.objtype === 'OBJECT_TABLE') return part === dotted(subject);
  const own = inSchemaOf(subject);
  return subject.kind === 'index' && (part === own || nameOf(altered?.relation) === own);
}

/** A comment on the subject, or on what is in it. */
function isAbout(object: Node | undefined, subject: Subject): boolean {
  if (object === undefined) return false;
  const items = as(object, 'List')?.items;
  const parts = items === undefined ? objectName(object) : items.map(objectName).join('.');
  const own = subject.name.join('.');
  const index = `${subject.name[0]}.${last(subject)}`;
  const inSchema = parts.split('.').length === 2 && subject.name.length === 2;
  return (
    parts === own ||
    parts.startsWith(`${own}.`) ||
    (subject.kind === 'index' && parts === index) ||
    // the indexes of a new table are commented on by their own names
    (inSchema && parts.startsWith(`${subject.name[0]}.`) && as(object, 'List') !== undefined)
  );
}
