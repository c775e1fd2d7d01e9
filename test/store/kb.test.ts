import { describe, expect, it } from 'vitest';
import type { Result } from '../../src/kb/protocol.ts';
import type { KnowledgeBase } from '../../src/kb/types.ts';
import { RagtuiError } from '../../src/platform/errors.ts';
import { createJobsStore } from '../../stores/jobs.ts';
import { createKbStore } from '../../stores/kb.ts';
import { createWorkspaceStore } from '../../stores/workspace.ts';
import {
  type Deferred,
  deferred,
  documentSummary,
  fakeJobs,
  fakeKb,
  hit,
  immediately,
  knowledgeBase,
  searchResult,
  settle,
} from './fakes.ts';

function setup() {
  const state = { list: [knowledgeBase('tea'), knowledgeBase('rust')] as KnowledgeBase[] };
  const searches: Deferred<Result<'search'>>[] = [];
  const pages: Deferred<void>[] = [];
  let slow = false;
  const kb = fakeKb({
    'kb.list': () => state.list,
    'kb.documents': async ({ kb: name, filter = '', offset = 0, limit = 100 }) => {
      if (slow) {
        const page = deferred<void>();
        pages.push(page);
        await page.promise;
      }
      const all = Array.from({ length: 450 }, (_, i) => documentSummary(i, `${name}/${i}.md`)).filter((each) =>
        each.name.includes(filter),
      );
      return { total: all.length, documents: all.slice(offset, offset + limit) };
    },
    'kb.delete': ({ kb: name }) => {
      state.list = state.list.filter((each) => each.name !== name);
      return {};
    },
    'kb.remove': () => ({}),
    'kb.restore': () => ({}),
    search: () => {
      const search = deferred<Result<'search'>>();
      searches.push(search);
      return search.promise;
    },
  });
  const workspace = createWorkspaceStore({
    home: '/w',
    existed: true,
    connect: async () => kb.client,
    disk: async () => ({ free: 1, used: 1 }),
  });
  const jobs = fakeJobs();
  const jobsStore = createJobsStore({ jobs: jobs.port, schedule: immediately });
  const store = createKbStore({ workspace, jobs: jobsStore });
  return { state, store, kb, workspace, jobs, jobsStore, searches, pages, slowDown: () => (slow = true) };
}

describe('kb store', () => {
  it('selects the first base, pages its documents, and moves on when it is deleted', async () => {
    const { store } = setup();
    await store.getState().refresh();
    expect(store.getState().selected).toBe('tea');
    expect(store.getState().documents).toMatchObject({ total: 450, kb: 'tea' });
    expect(store.getState().documents?.rows.length).toBe(200);
    await store.getState().loadMore();
    await store.getState().loadMore();
    await store.getState().loadMore();
    expect(store.getState().documents?.rows.map((row) => row.id)).toEqual(Array.from({ length: 450 }, (_, i) => i));
    await store.getState().remove('tea');
    expect(store.getState().selected).toBe('rust');
    expect(store.getState().documents?.kb).toBe('rust');
  });

  it('drops a page that comes after another filter was typed', async () => {
    const { store, pages, slowDown } = setup();
    await store.getState().refresh();
    slowDown();
    const first = store.getState().loadDocuments({ filter: '44' });
    const second = store.getState().loadDocuments({ filter: '449' });
    await settle();
    pages[1]?.resolve();
    await second;
    pages[0]?.resolve();
    await first;
    expect(store.getState().documents).toMatchObject({ filter: '449', total: 1, loading: false });
  });

  it('shows the search asked last, whichever answers first', async () => {
    const { store, searches } = setup();
    await store.getState().refresh();
    const first = store.getState().search('old');
    const second = store.getState().search('new');
    await settle();
    searches[1]?.resolve(searchResult([hit(1, 'new one')]));
    await second;
    searches[0]?.reject(new RagtuiError('cancelled', 'cancelled'));
    await first;
    expect(store.getState().bench).toMatchObject({ query: 'new', running: false, error: null });
    expect(store.getState().bench.result?.hits[0]?.text).toBe('new one');
  });

  it('reads the list again when the service came back, and says how often it had to', async () => {
    const { store, kb, state, workspace } = setup();
    await store.getState().refresh();
    state.list = [...state.list, knowledgeBase('new')];
    kb.restart();
    await settle();
    expect(workspace.getState().restarts).toBe(1);
    expect(store.getState().list?.map((each) => each.name)).toEqual(['tea', 'rust', 'new']);
  });

  it('takes back the last removal', async () => {
    const { store, kb } = setup();
    await store.getState().refresh();
    await store.getState().removeDocument(documentSummary(3, 'tea/3.md'));
    expect((await store.getState().undoRemove())?.id).toBe(3);
    expect(await store.getState().undoRemove()).toBeNull();
    expect(kb.calls.filter(({ method }) => method === 'kb.restore')).toEqual([
      { method: 'kb.restore', params: { kb: 'tea', id: 3 } },
    ]);
  });

  it('starts an ingest with the groups and embedders of the base, and keeps its report', async () => {
    const { store, jobs, jobsStore } = setup();
    await store.getState().refresh();
    jobsStore.getState().open();
    const id = await store.getState().ingest('tea', ['/docs']);
    expect(jobs.launched[0]).toMatchObject({ kb: 'tea', roots: ['/docs'], embedders: ['bge-small-zh-v1.5-int8'] });
    const report = {
      added: 2,
      changed: 0,
      unchanged: 0,
      removed: 0,
      failed: [],
      chunks: 7,
      embedded: 7,
      tokens: 90,
      seconds: 1,
    };
    jobs.emit(id, { type: 'artifact', name: 'report', path: '', data: report });
    expect(store.getState().ingests['tea']).toBe(id);
    expect(store.getState().reports['tea']?.added).toBe(2);
  });
});
