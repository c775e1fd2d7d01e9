import { describe, expect, it } from 'vitest';
import type { KnowledgeBase } from '../../src/kb/types.ts';
import { RagtuiError } from '../../src/platform/errors.ts';
import { createAskStore } from '../../stores/ask.ts';
import { createJobsStore } from '../../stores/jobs.ts';
import { createKbStore } from '../../stores/kb.ts';
import { createModelsStore } from '../../stores/models.ts';
import { createOnboardingStore, knowledgeBaseName, offeredModels } from '../../stores/onboarding.ts';
import { createWorkspaceStore } from '../../stores/workspace.ts';
import { fakeAsk, fakeJobs, fakeKb, fakeModels, immediately, knowledgeBase, settle } from './fakes.ts';

const EN = 'bge-small-en-v1.5-int8';
const ZH = 'bge-small-zh-v1.5-int8';
const CHAT = 'smollm2-135m-instruct';

function setup() {
  const list: KnowledgeBase[] = [];
  const kb = fakeKb({
    'kb.list': () => [...list],
    'kb.documents': () => ({ total: 0, documents: [] }),
    'kb.delete': ({ kb: name }) => {
      list.splice(
        list.findIndex((base) => base.name === name),
        1,
      );
      return {};
    },
    'kb.create': ({ name, embedders }) => {
      const made = knowledgeBase(name, { embedders });
      list.push(made);
      return made;
    },
  });
  const workspace = createWorkspaceStore({
    home: '/w',
    existed: false,
    connect: async () => kb.client,
    disk: async () => ({ free: 1, used: 1 }),
  });
  const jobs = fakeJobs();
  const models = fakeModels();
  const jobsStore = createJobsStore({ jobs: jobs.port, schedule: immediately });
  const kbStore = createKbStore({ workspace, jobs: jobsStore });
  const modelsStore = createModelsStore({ models: models.port, schedule: immediately, now: () => 0 });
  const ask = createAskStore({ workspace, answers: fakeAsk().port, schedule: immediately, now: () => 0 });
  let finished = 0;
  const store = createOnboardingStore({
    models: modelsStore,
    kb: kbStore,
    jobs: jobsStore,
    ask,
    sample: {
      dataset: '/samples/questions.jsonl',
      paths: { en: '/samples/en', zh: '/samples/zh', both: '/samples' },
      questions: { en: ['How hot?'], zh: ['多热？'] },
    },
    finish: () => finished++,
  });
  return { store, models, modelsStore, jobs, ask, list, finished: () => finished };
}

describe('onboarding', () => {
  it('goes from the language to a question about the sample documents', async () => {
    const { store, models, modelsStore, jobs, ask, finished } = setup();
    await modelsStore.getState().refresh();
    store.getState().begin();
    store.getState().chooseLanguage('en');
    expect(store.getState().chosen).toEqual([EN, CHAT]);
    const pulled = store.getState().pull();
    await settle();
    models.pulls.get(EN)?.done.resolve();
    await settle();
    await settle();
    models.pulls.get(CHAT)?.done.resolve();
    await pulled;
    expect(store.getState().step).toBe('documents');
    await store.getState().takeSample();
    expect(jobs.launched[0]).toMatchObject({ kb: 'sample', roots: ['/samples/en'], embedders: [EN] });
    const [job] = await jobs.port.list();
    if (!job) throw new Error('no job');
    jobs.end(job.spec.id, 'succeeded');
    await settle();
    expect(finished()).toBe(1);
    expect(store.getState()).toMatchObject({ step: 'done', active: false });
    expect(ask.getState().settings).toMatchObject({ kb: 'sample', llm: CHAT });
    expect(ask.getState().suggestions).toEqual(['How hot?']);
  });

  it('stops at a pull that fails, keeps the reason, and goes on from there', async () => {
    const { store, models, modelsStore } = setup();
    await modelsStore.getState().refresh();
    store.getState().chooseLanguage('zh');
    const failed = store.getState().pull();
    await settle();
    models.pulls.get(ZH)?.done.reject(new RagtuiError('network', 'No source answered.', 'Try again.'));
    await failed;
    expect(store.getState()).toMatchObject({ step: 'pull', error: { hint: 'Try again.' } });
    const again = store.getState().pull();
    await settle();
    expect(store.getState().error).toBeNull();
    models.pulls.get(ZH)?.done.resolve();
    await settle();
    await settle();
    models.pulls.get(CHAT)?.done.resolve();
    await again;
    expect(store.getState().step).toBe('documents');
  });

  it('a cancelled pull leads back to the choice, not on', async () => {
    const { store, modelsStore } = setup();
    await modelsStore.getState().refresh();
    store.getState().chooseLanguage('zh');
    const pulled = store.getState().pull();
    await settle();
    expect(store.getState().back()).toBe(true);
    await pulled;
    expect(store.getState()).toMatchObject({ step: 'models', error: null });
  });

  it('a failed ingest says why and offers the documents again', async () => {
    const { store, jobs, modelsStore, finished } = setup();
    await modelsStore.getState().refresh();
    store.getState().begin();
    await store.getState().takeFolder('/home/me/My Notes');
    const [job] = await jobs.port.list();
    if (!job) throw new Error('no job');
    jobs.end(job.spec.id, 'failed', {
      error: { code: 'invalid', message: 'Nothing to read there.', hint: 'Name another.' },
    });
    await settle();
    expect(store.getState()).toMatchObject({ step: 'documents', kb: 'My-Notes', error: { hint: 'Name another.' } });
    expect(finished()).toBe(0);
  });

  it('an ingest without a single document is no end: the base goes, the reason is told', async () => {
    const { store, jobs, modelsStore, list, finished } = setup();
    await modelsStore.getState().refresh();
    store.getState().begin();
    await store.getState().takeFolder('/home/me/empty');
    const made = list[0];
    const [job] = await jobs.port.list();
    if (!made || !job) throw new Error('no job');
    list[0] = { ...made, documents: 0 };
    jobs.end(job.spec.id, 'succeeded');
    await settle();
    await settle();
    expect(store.getState()).toMatchObject({ step: 'documents', active: true });
    expect(store.getState().error?.message).toContain('/home/me/empty');
    expect(list).toEqual([]);
    expect(finished()).toBe(0);
  });

  it('one model of each kind: choosing another replaces it', async () => {
    const { store, modelsStore } = setup();
    await modelsStore.getState().refresh();
    store.getState().chooseLanguage('both');
    store.getState().toggle(EN);
    expect(store.getState().chosen).toEqual([CHAT, EN]);
  });

  it('offers what suits the language, recommended first', async () => {
    const { modelsStore } = setup();
    await modelsStore.getState().refresh();
    const ids = offeredModels(modelsStore.getState().list ?? [], 'zh').map(({ entry }) => entry.id);
    expect(ids.slice(0, 2)).toEqual([ZH, CHAT]);
    expect(ids).not.toContain(EN);
  });

  it.each([
    ['/home/me/My Notes', [], 'My-Notes'],
    ['/data/文档/', ['文档'], '文档-2'],
    ['/', [], 'documents'],
    ['/a/..', [], 'documents'],
  ])('names a base after its folder %s', (path, taken, name) => {
    expect(knowledgeBaseName(path, taken)).toBe(name);
  });
});
