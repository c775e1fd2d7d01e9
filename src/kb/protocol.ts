import { z } from 'zod';
import {
  columnSetSchema,
  comparedColumnSchema,
  comparisonHeadSchema,
  comparisonRecordSchema,
  comparisonSummarySchema,
  gatheredSchema,
  kbStateSchema,
  keptComparisonSchema,
  votedComparisonSchema,
  voteSchema,
} from '../rag/comparisons/types.ts';
import {
  chunkDraftSchema,
  chunkSchema,
  documentSummarySchema,
  hashSchema,
  ingestReportSchema,
  knowledgeBaseSchema,
  nodeGroupSchema,
  searchRequestSchema,
  searchResultSchema,
} from './types.ts';

/** Raised when a message changes its meaning or a method is added; a client of another version asks the service to leave and starts its own. */
export const PROTOCOL_VERSION = 6;
/** Of `ingest.sources`. */
export const SOURCES_A_PAGE = 2000;

const kbParam = z.object({ kb: z.string() });
const idParam = z.object({ id: z.number().int().positive() });
const serverParam = z.object({ server: z.string() });
const done = z.object({});

const embedderRecord = z.object({
  /** Catalogue id. */
  id: z.string(),
  /** Hash of all that changes its vectors (design §2). */
  fingerprint: hashSchema,
  dimension: z.number().int().positive(),
});

/** A text among those of a node group. */
const placeSchema = z.object({ group: z.number().int(), hash: hashSchema });

/** What the service knows of a source file, for the "unchanged" test. */
const sourceRecord = z.object({
  path: z.string(),
  size: z.number(),
  mtimeMs: z.number(),
  inode: z.number(),
  sha: hashSchema,
  /** Of parser, node groups and embedders; a different one means the source must be done again. */
  recipe: hashSchema,
  failed: z.boolean(),
});
export type SourceRecord = z.infer<typeof sourceRecord>;

/**
 * Every method of the kb service: newline-delimited JSON over a Unix socket,
 * `{id, method, params}` → `{id, result}` or `{id, error: {code, message, hint}}`.
 */
export const methods = {
  hello: {
    params: z.object({ version: z.number().int() }),
    result: z.object({ version: z.number().int(), pid: z.number().int(), startedAt: z.string() }),
  },
  'kb.list': { params: z.object({}), result: z.array(knowledgeBaseSchema) },
  'kb.create': {
    params: z.object({ name: z.string(), groups: z.array(nodeGroupSchema).min(1), embedders: z.array(z.string()) }),
    result: knowledgeBaseSchema,
  },
  'kb.show': { params: kbParam, result: knowledgeBaseSchema },
  'kb.delete': { params: kbParam, result: done },
  'kb.verify': {
    params: z.object({ kb: z.string().optional() }),
    result: z.object({
      ok: z.boolean(),
      checks: z.array(z.object({ name: z.string(), ok: z.boolean(), detail: z.string(), repaired: z.boolean() })),
    }),
  },
  /** What tells whether a knowledge base still holds what it did. */
  'kb.state': { params: kbParam, result: kbStateSchema },
  'kb.reindex': { params: kbParam, result: knowledgeBaseSchema },
  'kb.switch': { params: kbParam.extend({ embedder: z.string() }), result: knowledgeBaseSchema },
  'kb.rollback': { params: kbParam, result: knowledgeBaseSchema },
  /** Takes an embedder that is not the live one out of a knowledge base. */
  'kb.dropEmbedder': { params: kbParam.extend({ embedder: z.string() }), result: knowledgeBaseSchema },

  /** Keeps a knowledge base on a declared vector database too; null: on the embedded index alone. Errors: those of the server. */
  'kb.attach': { params: kbParam.extend({ server: z.string().nullable() }), result: knowledgeBaseSchema },
  /** Connects to a declared vector database anew and says what it is. */
  'servers.check': { params: serverParam, result: z.object({ version: z.string() }) },
  /** Forgets what was to be taken off a server. Errors: `busy` while knowledge bases are kept there. */
  'servers.forget': { params: serverParam, result: done },

  // An index built beside the live one. Nobody is kept out meanwhile, so a caller asks until nothing is missing.
  'shadow.begin': {
    params: kbParam.extend({ embedder: embedderRecord }),
    /** Live texts of all node groups, and those without a vector. */
    result: z.object({ texts: z.number().int(), missing: z.number().int() }),
  },
  'shadow.missing': {
    params: kbParam.extend({
      embedder: z.string(),
      after: placeSchema.nullable(),
      limit: z.number().int().positive().max(1000).default(512),
    }),
    result: z.object({
      texts: z.array(z.object({ hash: hashSchema, text: z.string() })),
      next: placeSchema.nullable(),
    }),
  },
  /** Vectors as in `ingest.vectors`. Idempotent. */
  'shadow.vectors': {
    params: kbParam.extend({
      embedder: z.string(),
      vectors: z.array(z.object({ hash: hashSchema, vector: z.string() })),
    }),
    result: done,
  },
  /** Opens the embedder's indexes, so that what makes them fast is built before they are asked. */
  'shadow.settle': { params: kbParam.extend({ embedder: z.string() }), result: done },
  'kb.documents': {
    params: kbParam.extend({
      offset: z.number().int().nonnegative().default(0),
      limit: z.number().int().positive().max(1000).default(100),
      /** Substring of name or title. */
      filter: z.string().default(''),
      state: z.enum(['all', 'live', 'failed']).default('all'),
    }),
    result: z.object({ total: z.number().int(), documents: z.array(documentSummarySchema) }),
  },
  'kb.document': {
    params: kbParam.extend({ id: z.number().int() }),
    result: documentSummarySchema.extend({
      text: z.string(),
      metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
    }),
  },
  'kb.chunks': {
    params: kbParam.extend({
      documentId: z.number().int(),
      group: z.string().optional(),
      offset: z.number().int().nonnegative().default(0),
      limit: z.number().int().positive().max(1000).default(200),
    }),
    result: z.object({ total: z.number().int(), chunks: z.array(chunkSchema) }),
  },
  'kb.remove': { params: kbParam.extend({ id: z.number().int() }), result: done },
  'kb.restore': { params: kbParam.extend({ id: z.number().int() }), result: done },
  search: { params: searchRequestSchema, result: searchResultSchema },
  /**
   * Vectors of texts as passages by a local embedder, for metrics: base64 of little-endian f32, in the order of the texts.
   * Errors: `not-found`, `unavailable` when the embedder is not on this disk.
   */
  'texts.embed': {
    params: z.object({ embedder: z.string(), texts: z.array(z.string()).min(1).max(64) }),
    result: z.object({ fingerprint: hashSchema, vectors: z.array(z.string()) }),
  },

  // The ingest worker's own methods. A session holds the knowledge base until it ends or its connection closes.
  'ingest.begin': {
    params: kbParam.extend({
      groups: z.array(nodeGroupSchema),
      embedders: z.array(embedderRecord),
      roots: z.array(z.string()),
      /** Job id, shown to whoever has to wait. */
      owner: z.string(),
    }),
    /** `heldBy` is set, and `session` null, while another ingest has it. */
    result: z.object({ session: z.string().nullable(), heldBy: z.string().nullable() }),
  },
  /** Known sources by path, after one, at most `SOURCES_A_PAGE`: a million of them do not fit into a message. */
  'ingest.sources': {
    params: z.object({ session: z.string(), after: z.string().default('') }),
    result: z.array(sourceRecord),
  },
  /**
   * Stores new revisions of documents of one source (a batch, one transaction), not yet visible. Returns what has no
   * vector yet. A document already live with this very content and recipe is not written again: its live revision
   * comes back with `changed: false`.
   */
  'ingest.documents': {
    params: z.object({
      session: z.string(),
      source: sourceRecord,
      documents: z.array(
        z.object({
          key: z.string(),
          title: z.string(),
          text: z.string(),
          metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])),
          chunks: z.array(z.object({ group: z.string(), chunks: z.array(chunkDraftSchema) })),
        }),
      ),
    }),
    result: z.object({
      /** In the order given. */
      revisions: z.array(z.object({ revision: z.number().int(), changed: z.boolean() })),
      /** Texts of the batch without a vector, each (embedder, hash) once. */
      missing: z.array(z.object({ embedder: z.string(), hash: hashSchema, text: z.string() })),
    }),
  },
  /** Vectors as base64 of little-endian f32, unit length. Idempotent. */
  'ingest.vectors': {
    params: z.object({
      session: z.string(),
      embedder: z.string(),
      vectors: z.array(z.object({ hash: hashSchema, vector: z.string() })),
    }),
    result: done,
  },
  /**
   * Makes revisions live in one transaction; refuses one whose vectors are not complete. A source of very many documents
   * comes in several calls: what it no longer has leaves with the `last` one, and only then is it done.
   */
  'ingest.publish': {
    params: z.object({
      session: z.string(),
      source: sourceRecord,
      revisions: z.array(z.number().int()),
      last: z.boolean().default(true),
    }),
    /** Documents of the source that are gone from it went to the trash. */
    result: z.object({ removed: z.number().int() }),
  },
  'ingest.failed': {
    params: z.object({ session: z.string(), source: sourceRecord, reason: z.string(), hint: z.string() }),
    result: done,
  },
  'ingest.remove': {
    params: z.object({ session: z.string(), paths: z.array(z.string()), prune: z.boolean() }),
    result: z.object({ removed: z.number().int() }),
  },
  'ingest.end': { params: z.object({ session: z.string(), report: ingestReportSchema }), result: done },

  'answers.add': { params: z.object({ answer: z.unknown() }), result: z.object({ id: z.number().int() }) },
  'answers.list': {
    params: z.object({ filter: z.string().default(''), limit: z.number().int().positive().max(1000).default(100) }),
    result: z.array(
      z.object({ id: z.number().int(), at: z.string(), kb: z.string(), question: z.string(), answer: z.unknown() }),
    ),
  },
  'answers.remove': { params: z.object({ id: z.number().int() }), result: done },

  /**
   * A comparison is kept as it goes: `begin`, `said` while columns speak, `column` as each ends, `end`. One whose client
   * went without `end` is `cut`, with what was kept until then.
   */
  'comparisons.begin': { params: z.object({ head: comparisonHeadSchema }), result: idParam },
  /** Adds to what columns (by index) have said; a column that has ended takes nothing more. */
  'comparisons.said': {
    params: idParam.extend({
      pieces: z.array(
        z.object({
          column: z.number().int().nonnegative(),
          text: z.string(),
          /** Replaces what was gathered before. */
          gathered: gatheredSchema.optional(),
        }),
      ),
    }),
    result: done,
  },
  /** Keeps how a column ended; a second time replaces the first. */
  'comparisons.column': {
    params: idParam.extend({ column: z.number().int().nonnegative(), result: comparedColumnSchema }),
    result: done,
  },
  'comparisons.end': { params: idParam.extend({ state: z.enum(['ended', 'cut']).default('ended') }), result: done },
  /** Keeps a whole one at once. */
  'comparisons.add': { params: z.object({ record: comparisonRecordSchema }), result: idParam },
  /** Newest first. */
  'comparisons.list': {
    params: z.object({
      /** Words that all occur in question, knowledge base, names, LLMs, embedders or source of it. */
      filter: z.string().default(''),
      voted: z.boolean().optional(),
      limit: z.number().int().positive().max(1000).default(100),
      offset: z.number().int().nonnegative().default(0),
    }),
    result: z.object({ total: z.number().int(), comparisons: z.array(comparisonSummarySchema) }),
  },
  'comparisons.get': { params: idParam, result: keptComparisonSchema },
  /** To the trash; gone after a week. */
  'comparisons.remove': { params: idParam, result: done },
  'comparisons.restore': { params: idParam, result: done },
  /** A comparison has one vote: another replaces it, null withdraws it. */
  'comparisons.vote': {
    params: idParam.extend({ vote: voteSchema.omit({ comparison: true, at: true }).nullable() }),
    result: keptComparisonSchema,
  },
  /** Every vote there is, oldest first, with the columns it was about. */
  'comparisons.votes': { params: z.object({}), result: z.array(votedComparisonSchema) },

  /** Copies the database as it is at this moment into a new file; who writes waits. Errors: `exists`, `disk-full`. */
  'db.backup': { params: z.object({ file: z.string().min(1) }), result: z.object({ bytes: z.number().int() }) },
  /** What is no longer needed (index files nobody names, trash of more than a week, vectors no text has); removed unless `dryRun`. */
  'db.gc': {
    params: z.object({ dryRun: z.boolean() }),
    result: z.object({
      garbage: z.array(
        z.object({
          what: z.enum(['index-files', 'documents', 'comparisons', 'vectors']),
          count: z.number().int().nonnegative(),
          bytes: z.number().int().nonnegative(),
        }),
      ),
    }),
  },

  'columnSets.list': { params: z.object({}), result: z.array(columnSetSchema) },
  /** Replaces the set of that name. */
  'columnSets.save': { params: z.object({ set: columnSetSchema }), result: done },
  'columnSets.remove': { params: z.object({ name: z.string() }), result: done },
} as const satisfies Record<string, { params: z.ZodType; result: z.ZodType }>;

export type Method = keyof typeof methods;
export type Params<M extends Method> = z.input<(typeof methods)[M]['params']>;
export type ParsedParams<M extends Method> = z.output<(typeof methods)[M]['params']>;
export type Result<M extends Method> = z.output<(typeof methods)[M]['result']>;

export const requestSchema = z.object({ id: z.number().int(), method: z.string(), params: z.unknown() });
export const responseSchema = z.object({
  id: z.number().int(),
  result: z.unknown().optional(),
  error: z.object({ code: z.string(), message: z.string(), hint: z.string() }).optional(),
});

/** What the rest of the program sees of the service (`src/kb/client.ts` makes one). */
export interface KbClient {
  call<M extends Method>(method: M, params: Params<M>, options?: { signal?: AbortSignal }): Promise<Result<M>>;
  /** Ends this connection; the service leaves by itself 60 s after its last client. */
  close(): Promise<void>;
  /** Called when the service went away and was started again. */
  onRestart(listener: () => void): () => void;
}
