import type { z } from 'zod';
import { type OpenDatabase, openDatabase } from '../db/open.ts';
import { tables } from '../db/tables.ts';
import { RagtuiError } from '../platform/errors.ts';
import { ensureWorkspace, type WorkspacePaths } from '../platform/paths.ts';
import { IndexSet } from './index/open-index.ts';
import { type Method, methods, PROTOCOL_VERSION } from './protocol.ts';
import { type QueryEmbedder, type Reranker, search } from './retrieve/search.ts';
import { addAnswer, listAnswers, removeAnswer } from './store/answers.ts';
import type { StoreContext } from './store/context.ts';
import { listChunks, listDocuments, removeDocument, restoreDocument, showDocument } from './store/documents.ts';
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
import { publish, storeDocuments } from './store/revisions.ts';
import { Sessions } from './store/sessions.ts';

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
}

export interface KbService {
  readonly routes: Readonly<Record<Method, Route>>;
  /** A connection closed: its ingest sessions are over. */
  clientGone(client: number): void;
  /** True while work goes on that nobody waits for. */
  busy(): boolean;
  close(): Promise<void>;
}

/** Opens the workspace and answers every method of the protocol. Throws `busy` when another process has it. */
export function openKbService(paths: WorkspacePaths, options: KbServiceOptions): KbService {
  ensureWorkspace(paths);
  const db: OpenDatabase = openDatabase(paths);
  const write = tables(db.writer.db);
  const read = tables(db.read);
  const indexes = new IndexSet(read);
  const sessions = new Sessions();
  const startedAt = new Date().toISOString();
  const context: StoreContext = {
    db,
    write,
    read,
    onIndexChange: (changes) => indexes.apply(changes),
    onTextChange: () => undefined,
    onStructureChange: () => undefined,
  };
  const live: LiveState = {
    ingesting: (kbId) => sessions.holder(kbId),
    searchKind: () => 'exact',
  };
  const retrieval = { context, indexes, embedder: options.embedder, reranker: options.reranker };
  const show = (name: string) => showKb(read, name, live);
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
      return {};
    }),
    'kb.verify': route(methods['kb.verify'], () => {
      throw new RagtuiError('unsupported', 'kb verify is being built.');
    }),
    'kb.reindex': route(methods['kb.reindex'], ({ kb }) => show(kb)),
    'kb.switch': route(methods['kb.switch'], async ({ kb, embedder }) => {
      await switchEmbedder(context, kb, embedder);
      return show(kb);
    }),
    'kb.rollback': route(methods['kb.rollback'], async ({ kb }) => {
      await rollbackEmbedder(context, kb);
      return show(kb);
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
    'ingest.begin': route(methods['ingest.begin'], (params, caller) =>
      beginIngest(context, sessions, caller.client, params),
    ),
    'ingest.sources': route(methods['ingest.sources'], ({ session }) =>
      listSources(context, sessions.require(session)),
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
      sessions.end(sessions.require(session).id);
      return {};
    }),
    'answers.add': route(methods['answers.add'], (params) => addAnswer(context, params)),
    'answers.list': route(methods['answers.list'], (params) => listAnswers(context, params)),
    'answers.remove': route(methods['answers.remove'], async ({ id }) => {
      await removeAnswer(context, id);
      return {};
    }),
  } satisfies Record<Method, Route>;
  return {
    routes,
    clientGone: (client) => sessions.endOf(client),
    busy: () => false,
    async close() {
      db.writer.close();
      await db.writer.settled();
      db.close();
    },
  };
}
