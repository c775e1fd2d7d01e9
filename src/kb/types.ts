import { z } from 'zod';
import { projectionStateSchema } from './projection/types.ts';

/** 32 hex characters: the first 16 bytes of a sha256. */
export const hashSchema = z.string().regex(/^[0-9a-f]{32}$/);

/** How a node group splits a document into chunks (design §2). Sizes are tokens of the embedder named. */
export const nodeGroupSchema = z.discriminatedUnion('splitter', [
  z.object({ name: z.string(), splitter: z.literal('line') }),
  z.object({ name: z.string(), splitter: z.literal('sentence'), maxChars: z.number().int().positive().default(400) }),
  z.object({
    name: z.string(),
    splitter: z.literal('token'),
    size: z.number().int().min(8).default(256),
    overlap: z.number().int().nonnegative().default(32),
    /** Catalogue id of the model whose tokenizer counts. */
    tokenizer: z.string(),
  }),
  z.object({ name: z.string(), splitter: z.literal('markdown'), maxChars: z.number().int().positive().default(1200) }),
]);
export type NodeGroup = z.infer<typeof nodeGroupSchema>;

/** One piece of a document. `start`/`end` are UTF-16 offsets into the extracted text: `text === source.slice(start, end)`. */
export const chunkDraftSchema = z.object({
  ordinal: z.number().int().nonnegative(),
  start: z.number().int().nonnegative(),
  end: z.number().int().nonnegative(),
  /** Heading path, for splitters that know it. */
  title: z.string().default(''),
  text: z.string(),
});
export type ChunkDraft = z.infer<typeof chunkDraftSchema>;

/** What a loader makes of a file: one document, or one per row for csv and jsonl. */
export const extractedDocumentSchema = z.object({
  /** Unique within its source: '' for a whole file, the row's key otherwise. */
  key: z.string(),
  title: z.string(),
  text: z.string(),
  metadata: z.record(z.string(), z.union([z.string(), z.number(), z.boolean()])).default({}),
});
export type ExtractedDocument = z.infer<typeof extractedDocumentSchema>;

export const documentStateSchema = z.enum(['live', 'embedding', 'failed', 'trash']);

/** A row of the documents table on screen. */
export const documentSummarySchema = z.object({
  id: z.number().int(),
  /** Path of the source, with `#key` for one row of it. */
  name: z.string(),
  title: z.string(),
  state: documentStateSchema,
  chunks: z.number().int(),
  characters: z.number().int(),
  error: z.string().nullable(),
  updatedAt: z.string(),
});
export type DocumentSummary = z.infer<typeof documentSummarySchema>;

export const chunkSchema = chunkDraftSchema.extend({ id: z.number().int(), tokens: z.number().int().nullable() });
export type Chunk = z.infer<typeof chunkSchema>;

export const indexStateSchema = z.object({
  group: z.string(),
  embedder: z.string(),
  vectors: z.number().int(),
  missing: z.number().int(),
  /** `exact` below the measured size, `hnsw` above, `rebuilding` while exact search serves. */
  search: z.enum(['exact', 'hnsw', 'rebuilding']),
  /** Why its last build failed, while no later one went well. */
  trouble: z.string().optional(),
  active: z.boolean(),
  /** On the vector database it is kept on too. */
  server: projectionStateSchema.optional(),
});

export const knowledgeBaseSchema = z.object({
  name: z.string(),
  createdAt: z.string(),
  documents: z.number().int(),
  failed: z.number().int(),
  chunks: z.number().int(),
  /** Node groups, the first is the default. */
  groups: z.array(nodeGroupSchema),
  /** Catalogue ids of the embedders, the first is the active one. */
  embedders: z.array(z.string()),
  /** The one that was active before the last switch; a rollback goes back to it. */
  previous: z.string().nullable(),
  indexes: z.array(indexStateSchema),
  sources: z.array(z.string()),
  /** The vector database that the indexes are kept on too. */
  server: z.string().optional(),
  /** Set while an ingest holds the knowledge base. */
  ingesting: z.string().nullable(),
});
export type KnowledgeBase = z.infer<typeof knowledgeBaseSchema>;

export const searchModeSchema = z.enum(['vector', 'bm25', 'hybrid']);
export type SearchMode = z.infer<typeof searchModeSchema>;
export const scoreKindSchema = z.enum(['cosine', 'bm25', 'rrf', 'rerank']);

const armSchema = z.object({ rank: z.number().int(), score: z.number() });

/** A retrieved chunk. `rank` from 1; `start`/`end` as in the document's extracted text. */
export const hitSchema = z.object({
  rank: z.number().int(),
  text: z.string(),
  document: z.string(),
  title: z.string(),
  start: z.number().int(),
  end: z.number().int(),
  score: z.number(),
  scoreKind: scoreKindSchema,
  documentId: z.number().int(),
  chunkId: z.number().int(),
  /** Where each arm of a hybrid search had it. */
  arms: z.object({ vector: armSchema.optional(), bm25: armSchema.optional() }),
});
export type Hit = z.infer<typeof hitSchema>;

export const searchRequestSchema = z.object({
  kb: z.string(),
  query: z.string(),
  group: z.string().optional(),
  embedder: z.string().optional(),
  mode: searchModeSchema.default('hybrid'),
  topK: z.number().int().min(1).max(1000).default(5),
  /** Whether the embedder's query instruction is put before the query. */
  instruction: z.boolean().default(true),
  /** Catalogue id of a cross-encoder. */
  reranker: z.string().optional(),
  /** Exact matches on document metadata; `path` matches a glob on the document's name. */
  filter: z.record(z.string(), z.string()).default({}),
});

export const searchResultSchema = z.object({
  hits: z.array(hitSchema),
  embedder: z.string().nullable(),
  group: z.string(),
  mode: searchModeSchema,
  search: z.enum(['exact', 'hnsw', 'server', 'none']),
  /** Where the knowledge base is kept on a vector database too: whether that found the vectors, else why the embedded index did. */
  server: z.object({ name: z.string(), answered: z.boolean(), why: z.string().nullable() }).optional(),
  /** Vectors that were not looked at, since their part of a large index is still being built. */
  unindexed: z.number().int().positive().optional(),
  timing: z.object({
    embeddingMs: z.number(),
    retrievalMs: z.number(),
    rerankMs: z.number(),
  }),
  /** False when nothing is a plausible match; the screen then says so instead of showing weak hits as found. */
  relevant: z.boolean(),
});
export type SearchResult = z.infer<typeof searchResultSchema>;

export const ingestFailureSchema = z.object({ path: z.string(), reason: z.string(), hint: z.string() });

/** What an ingest did; also the body of its last progress event. */
export const ingestReportSchema = z.object({
  added: z.number().int(),
  changed: z.number().int(),
  unchanged: z.number().int(),
  removed: z.number().int(),
  failed: z.array(ingestFailureSchema),
  /** What was deliberately not done, and why: "12 of 30 documents are gone …, nothing was removed without --prune". */
  warnings: z.array(z.string()).default([]),
  chunks: z.number().int(),
  /** Texts really embedded: 0 on a re-ingest without change. */
  embedded: z.number().int(),
  tokens: z.number().int(),
  seconds: z.number(),
  /** Seconds spent in each stage (`ingest/stage-times.ts`); work done at once counts each time. */
  stages: z.record(z.string(), z.number()).optional(),
});
export type IngestReport = z.infer<typeof ingestReportSchema>;
