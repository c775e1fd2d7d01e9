import type { z } from 'zod';
import { type OpenDatabase, openDatabase } from '../db/open.ts';
import { tables } from '../db/tables.ts';
import { ensureWorkspace, type WorkspacePaths } from '../platform/paths.ts';
import { type OpenBackend, openDeclared } from './backends/connections.ts';
import { buildInChild, type SegmentBuilder } from './index/builder.ts';
import { IndexSet } from './index/index-set.ts';
import { encodeVector } from './ingest/encode-vector.ts';
import { leaveCopiedCollections } from './projection/copied.ts';
import { Projections } from './projection/projections.ts';
import { type Method, methods, PROTOCOL_VERSION } from './protocol.ts';
import { type QueryEmbedder, type Reranker, search, type TextEmbedder } from './retrieve/search.ts';
import { Vocabularies } from './retrieve/vocabulary.ts';
import { addAnswer, listAnswers, removeAnswer } from './store/answers.ts';
import { Background } from './store/background.ts';
import {
  addComparison,
  beginComparison,
  endComparison,
  getComparison,
  kbStateOf,
  keepColumn,
  keepSaid,
  listColumnSets,
  listComparisons,
  listVotes,
  RunningComparisons,
  removeColumnSet,
  removeComparison,
  restoreComparison,
  saveColumnSet,
  voteOn,
} from './store/comparisons.ts';
import { requireKb, type StoreContext } from './store/context.ts';
import { listChunks, listDocuments, removeDocument, restoreDocument, showDocument } from './store/documents.ts';
import { updateFullText } from './store/full-text.ts';
import { beginIngest, listSources, recordFailure, removeSources, storeVectors } from './store/ingest.ts';
import {
  createKb,
  deleteKb,
  type LiveState,
  listKbs,
  rollbackEmbedder,
  showKb,
  switchEmbedder,
} from './store/knowledge-bases.ts';
import { backupDatabase, collectDatabaseGarbage } from './store/maintenance.ts';
import { purge } from './store/purge.ts';
import { publish, storeDocuments } from './store/revisions.ts';
import { Sessions } from './store/sessions.ts';
import { beginShadow, dropEmbedder, missingTexts, storeShadowVectors } from './store/shadow.ts';
import { verify } from './store/verify.ts';

const PURGE_EVERY_MS = 60 * 60 * 1000;

/** Who asks: sessions end with their connection. */
export interface Caller {
  readonly client: number;
}
/** A method of the protocol with its checks: what comes in and what goes out fits its schemas. */
type Route = (input: unknown, caller: Caller) => Promise<unknown>;

function route<P extends z.ZodType, R extends z.ZodType>(
  schemas: { readonly params: P; readonly result: R },
  handle: (params: z.output<P>, caller: Caller) => z.input<R> | Promise<z.input<R>>,
): Route {
  return async (input, caller) => schemas.result.parse(await handle(schemas.params.parse(input), caller));
}

export interface KbServiceOptions {
  readonly embedder: QueryEmbedder;
  readonly reranker: Reranker;
  readonly texts: TextEmbedder;
  /** Where segments are built; a child process unless a test says otherwise. */
  readonly build?: SegmentBuilder;
  /** How a declared vector database is reached, and how much is sent to it at once; a test gives its own. */
  readonly vectorServers?: { readonly open: OpenBackend; readonly batchNumbers?: number };
  readonly log?: (text: string) => void;
}

export interface KbService {
  /** The store below the methods; for maintenance and tests. */
  readonly context: StoreContext;
  readonly routes: Readonly<Record<Method, Route>>;
  /** A connection closed: its ingest sessions are over. */
  clientGone(client: number): void;
  /** True while work goes on that nobody waits for. */
  busy(): boolean;
  /** Resolves when that work is done. */
  settled(): Promise<void>;
  close(): Promise<void>;
}

/** Opens the workspace and answers every method of the protocol. Throws `busy` when another process has it. */
export function openKbService(paths: WorkspacePaths, options: KbServiceOptions): KbService {
  ensureWorkspace(paths);
  const db: OpenDatabase = openDatabase(paths);
  const write = tables(db.writer.db);
  const read = tables(db.read);
  const log = options.log ?? console.error;
  const indexes = new IndexSet({
    folder: paths.indexes,
    database: paths.database,
    read,
    write,
    writer: db.writer,
    build: options.build ?? buildInChild,
    log,
  });
  leaveCopiedCollections(write, paths);
  const projections = new Projections({
    read,
    write,
    writer: db.writer,
    log,
    ...(options.vectorServers ?? { open: openDeclared(paths) }),
  });
  const sessions = new Sessions();
  const running = new RunningComparisons();
  const startedAt = new Date().toISOString();
  const vocabulary = new Vocabularies(read);
  const context: StoreContext = {
    db,
    write,
    read,
    vocabulary,
    onIndexChange: (changes) => indexes.apply(changes),
    onTextChange: (groupIds) => vocabulary.forget(groupIds),
    onStructureChange: () => indexes.forgetMissing(),
  };
  const live: LiveState = {
    ingesting: (kbId) => sessions.holder(kbId),
    searchKind: (indexId, members, dim) => indexes.searchKind(indexId, members, dim),
    trouble: (indexId) => indexes.trouble(indexId),
    server: (indexId) => projections.state(indexId),
  };
  const retrieval = { context, indexes, projections, embedder: options.embedder, reranker: options.reranker };
  const show = (name: string) => showKb(read, name, live);
  const indexesOf = (name: string) =>
    read.kb.groups(requireKb(read, name).id).flatMap((group) => read.index.ofGroup(group.id));
  const background = new Background(log);
  const clear = () => background.run(() => purge(context, paths.indexes));
  background.run(() => updateFullText(context));
  clear();
  const daily = setInterval(clear, PURGE_EVERY_MS).unref();
  const routes = {
    hello: route(methods.hello, () => ({ version: PROTOCOL_VERSION, pid: process.pid, startedAt })),
    'kb.list': route(methods['kb.list'], () => listKbs(read, live)),
    'kb.create': route(methods['kb.create'], async (params) => {
      const name = await createKb(context, params);
      return show(name);
    }),
    'kb.show': route(methods['kb.show'], ({ kb }) => show(kb)),
    'kb.delete': route(methods['kb.delete'], async ({ kb }) => {
      await deleteKb(context, kb, live);
      clear();
      return {};
    }),
    'kb.verify': route(methods['kb.verify'], ({ kb }) => verify(context, indexes, projections, kb)),
    'kb.reindex': route(methods['kb.reindex'], async ({ kb }) => {
      projections.rebuild(indexesOf(kb));
      await indexes.rebuild(indexesOf(kb));
      return show(kb);
    }),
    'kb.attach': route(methods['kb.attach'], async ({ kb, server }) => {
      const { id } = requireKb(read, kb);
      await (server === null ? projections.detach(id) : projections.attach(id, server));
      return show(kb);
    }),
    'servers.check': route(methods['servers.check'], async ({ server }) => ({
      version: await projections.check(server),
    })),
    'servers.forget': route(methods['servers.forget'], async ({ server }) => {
      await projections.forget(server);
      return {};
    }),
    'kb.switch': route(methods['kb.switch'], async ({ kb, embedder }) => {
      await switchEmbedder(context, kb, embedder);
      return show(kb);
    }),
    'kb.rollback': route(methods['kb.rollback'], async ({ kb }) => {
      await rollbackEmbedder(context, kb);
      return show(kb);
    }),
    'kb.state': route(methods['kb.state'], ({ kb }) => kbStateOf(read, kb)),
    'kb.dropEmbedder': route(methods['kb.dropEmbedder'], async (params) => {
      await dropEmbedder(context, paths.indexes, params);
      return show(params.kb);
    }),
    'shadow.begin': route(methods['shadow.begin'], (params) => beginShadow(context, params)),
    'shadow.missing': route(methods['shadow.missing'], (params) => missingTexts(context, params)),
    'shadow.vectors': route(methods['shadow.vectors'], async (params) => {
      await storeShadowVectors(context, params);
      return {};
    }),
    'shadow.settle': route(methods['shadow.settle'], async ({ kb, embedder }) => {
      const id = read.kb.embedders(requireKb(read, kb).id).find(({ name }) => name === embedder)?.embedder_id;
      await indexes.settle(indexesOf(kb).filter((row) => row.embedder_id === id));
      return {};
    }),
    'kb.documents': route(methods['kb.documents'], (params) => listDocuments(context, params)),
    'kb.document': route(methods['kb.document'], (params) => showDocument(context, params)),
    'kb.chunks': route(methods['kb.chunks'], (params) => listChunks(context, params)),
    'kb.remove': route(methods['kb.remove'], async (params) => {
      await removeDocument(context, params);
      return {};
    }),
    'kb.restore': route(methods['kb.restore'], async (params) => {
      await restoreDocument(context, params);
      return {};
    }),
    search: route(methods.search, (params) => search(retrieval, params)),
    'texts.embed': route(methods['texts.embed'], async ({ embedder, texts }) => {
      const { vectors, fingerprint } = await options.texts.embedTexts(embedder, texts);
      return { fingerprint, vectors: vectors.map(encodeVector) };
    }),
    'ingest.begin': route(methods['ingest.begin'], (params, caller) =>
      beginIngest(context, sessions, caller.client, params),
    ),
    'ingest.sources': route(methods['ingest.sources'], ({ session, after }) =>
      listSources(context, sessions.require(session), after),
    ),
    'ingest.documents': route(methods['ingest.documents'], (params) =>
      storeDocuments(context, sessions.require(params.session), params),
    ),
    'ingest.vectors': route(methods['ingest.vectors'], async (params) => {
      await storeVectors(context, sessions.require(params.session), params);
      return {};
    }),
    'ingest.publish': route(methods['ingest.publish'], (params) =>
      publish(context, sessions.require(params.session), params),
    ),
    'ingest.failed': route(methods['ingest.failed'], async (params) => {
      await recordFailure(context, sessions.require(params.session), params);
      return {};
    }),
    'ingest.remove': route(methods['ingest.remove'], (params) =>
      removeSources(context, sessions.require(params.session), params),
    ),
    'ingest.end': route(methods['ingest.end'], ({ session }) => {
      const { id, kb } = sessions.require(session);
      sessions.end(id);
      background.run(() => indexes.settle(indexesOf(kb)));
      return {};
    }),
    'answers.add': route(methods['answers.add'], (params) => addAnswer(context, params)),
    'answers.list': route(methods['answers.list'], (params) => listAnswers(context, params)),
    'answers.remove': route(methods['answers.remove'], async ({ id }) => {
      await removeAnswer(context, id);
      return {};
    }),
    'comparisons.begin': route(methods['comparisons.begin'], async ({ head }, { client }) => {
      const id = await beginComparison(context, head);
      running.begin(id, client);
      return { id };
    }),
    'comparisons.said': route(methods['comparisons.said'], async (params, { client }) => {
      await keepSaid(context, params);
      // After a restart of this service the client is another.
      running.begin(params.id, client);
      return {};
    }),
    'comparisons.column': route(methods['comparisons.column'], async (params, { client }) => {
      await keepColumn(context, params);
      running.begin(params.id, client);
      return {};
    }),
    'comparisons.end': route(methods['comparisons.end'], async (params) => {
      await endComparison(context, params);
      running.end(params.id);
      return {};
    }),
    'comparisons.add': route(methods['comparisons.add'], async (params) => ({
      id: await addComparison(context, params),
    })),
    'comparisons.list': route(methods['comparisons.list'], (params) => listComparisons(context, running, params)),
    'comparisons.get': route(methods['comparisons.get'], ({ id }) => getComparison(context, running, id)),
    'comparisons.remove': route(methods['comparisons.remove'], async ({ id }) => {
      await removeComparison(context, id);
      return {};
    }),
    'comparisons.restore': route(methods['comparisons.restore'], async ({ id }) => {
      await restoreComparison(context, id);
      return {};
    }),
    'comparisons.vote': route(methods['comparisons.vote'], async (params) => {
      await voteOn(context, params);
      return getComparison(context, running, params.id);
    }),
    'comparisons.votes': route(methods['comparisons.votes'], () => listVotes(context)),
    'db.backup': route(methods['db.backup'], async ({ file }) => ({
      bytes: await backupDatabase(context, paths.database, file),
    })),
    'db.gc': route(methods['db.gc'], async ({ dryRun }) => ({
      garbage: await collectDatabaseGarbage(context, paths.indexes, dryRun),
    })),
    'columnSets.list': route(methods['columnSets.list'], () => listColumnSets(context)),
    'columnSets.save': route(methods['columnSets.save'], async (params) => {
      await saveColumnSet(context, params);
      return {};
    }),
    'columnSets.remove': route(methods['columnSets.remove'], async ({ name }) => {
      await removeColumnSet(context, name);
      return {};
    }),
  } satisfies Record<Method, Route>;
  return {
    context,
    routes,
    clientGone: (client) => {
      sessions.endOf(client);
      running.endOf(client);
    },
    busy: () => indexes.busy || background.busy || projections.busy,
    settled: async () => {
      await background.settled();
      await indexes.settled();
      await projections.settled();
    },
    async close() {
      clearInterval(daily);
      indexes.close();
      await projections.close();
      db.writer.close();
      await background.settled();
      await db.writer.settled();
      db.close();
    },
  };
}
