import { describe, expect, test } from 'vitest';
import { RagtuiError } from '../../src/platform/errors.ts';
import { createEndpointsStore, missingOf } from '../../stores/endpoints.ts';
import { createModelsStore } from '../../stores/models.ts';
import { deferred, fakeModels, immediately, settle } from './fakes.ts';

async function setup() {
  const fake = fakeModels();
  const models = createModelsStore({ models: fake.port, schedule: immediately, now: () => 0 });
  await models.getState().refresh();
  const store = createEndpointsStore({ servers: fake.servers.port, models });
  return { ...fake.servers, models, store, state: store.getState };
}

describe('the form of a server', () => {
  test('leads from a preset to a server that is saved, with a key that is kept apart', async () => {
    const { state, world, asked, saved, keys, models } = await setup();
    state().begin('deepseek');
    expect(state().form?.endpoint).toEqual({
      name: 'deepseek',
      kind: 'chat',
      url: 'https://api.deepseek.com/v1',
      model: '',
      preset: 'deepseek',
      keyEnv: 'DEEPSEEK_API_KEY',
    });
    world.models = async () => [{ id: 'deepseek-chat', contextTokens: 65_536 }];
    state().keepKey('file', ' typed-key-1 ');
    expect(await state().listModels()).toHaveLength(1);
    state().change({ model: 'deepseek-chat', contextTokens: 65_536 });
    await state().test();
    expect(state().form?.trial).toMatchObject({ text: 'Hello' });
    expect(asked.map(({ what, key }) => [what, key])).toEqual([
      ['models', 'typed-key-1'],
      ['try', 'typed-key-1'],
    ]);
    expect(await state().save()).toBe(true);
    expect(state().form).toBeNull();
    expect(saved).toEqual([expect.not.objectContaining({ keyEnv: expect.anything() })]);
    expect(JSON.stringify(saved)).not.toContain('typed-key');
    expect(keys.get('deepseek')).toBe('typed-key-1');
    expect(models.getState().endpoints).toEqual(saved);
    expect(state().keys).toEqual({ deepseek: 'set' });
  });

  test('says what is missing, and proposes a name that is free', async () => {
    const { state, store } = await setup();
    const missing = () => {
      const { form } = store.getState();
      return form && missingOf(form);
    };
    state().begin(null);
    expect(missing()).toBe('url');
    state().change({ url: 'ftp://x' });
    expect(missing()).toBe('url');
    state().change({ url: 'http://box:8000/v1' });
    expect(missing()).toBe('model');
    state().change({ model: 'Qwen/Qwen2.5-7B Instruct' });
    expect(missing()).toBeNull();
    expect(state().form?.endpoint.name).toBe('qwen2.5-7b-instruct');
    state().change({ model: 'other' });
    expect(state().form?.endpoint.name).toBe('qwen2.5-7b-instruct');
    await state().save();
    state().begin(null);
    state().change({ url: 'http://box:8000/v1', model: 'qwen2.5-7b-instruct' });
    expect(state().form?.endpoint.name).toBe('qwen2.5-7b-instruct-2');
  });

  test('a key that was typed does not go to another host', async () => {
    const { state, asked } = await setup();
    state().begin('openai');
    state().keepKey('file', 'typed-key-1');
    state().change({ url: 'https://api.openai.com/v2' });
    expect(state().form?.key).toBe('typed-key-1');
    state().change({ url: 'https://elsewhere.example/v1' });
    expect(state().form?.key).toBeUndefined();
    await state().listModels();
    expect(asked[0]?.key).toBeUndefined();
  });

  test('a failure stays in the form; a change takes it back', async () => {
    const { state, world, saved } = await setup();
    state().begin('vllm');
    world.models = () => Promise.reject(new RagtuiError('unavailable', 'Nothing answers.', 'Start it.'));
    expect(await state().listModels()).toBeNull();
    expect(state().form).toMatchObject({ working: null, error: { message: 'Nothing answers.' } });
    state().change({ model: 'm' });
    expect(state().form?.error).toBeNull();
    await state().save();
    state().begin('vllm');
    state().change({ model: 'm', name: 'vllm' });
    expect(await state().save()).toBe(false);
    expect(state().form?.error).toMatchObject({ code: 'exists' });
    expect(saved).toHaveLength(1);
  });

  test('what comes after the form was changed or left is dropped; waiting is shown', async () => {
    const { state, world } = await setup();
    const trial = deferred<never>();
    world.trial = (onStatus) => {
      onStatus('waits 3 s: 429 (try 2 of 5)');
      return trial.promise;
    };
    state().begin('vllm');
    state().change({ model: 'm' });
    const tested = state().test();
    expect(state().form).toMatchObject({ working: 'test', status: 'waits 3 s: 429 (try 2 of 5)' });
    state().change({ model: 'n' });
    trial.reject(new RagtuiError('timeout', 'late'));
    await tested;
    expect(state().form).toMatchObject({ working: null, error: null, trial: null });
    state().close();
    await settle();
    expect(state().form).toBeNull();
  });
});

describe('endpoints', () => {
  test('are checked each for itself, changed under their name, and removed', async () => {
    const { state, world, saved } = await setup();
    for (const preset of ['vllm', 'ollama']) {
      state().begin(preset);
      state().change({ model: 'm' });
      await state().save();
    }
    world.health = { state: 'model-missing', latencyMs: 4, models: [], error: null };
    const checked = state().check(['vllm', 'gone']);
    expect(state().health).toEqual({ vllm: 'checking' });
    await checked;
    expect(state().health['vllm']).toMatchObject({ state: 'model-missing' });
    const [first] = saved;
    if (!first) throw new Error('nothing saved');
    state().edit(first);
    state().change({ model: 'other' });
    await state().save();
    // What was found out about the model before does not hold for the new one.
    expect([saved[0]?.model, state().health['vllm']]).toEqual(['other', undefined]);
    await state().remove('vllm');
    expect(saved.map(({ name }) => name)).toEqual(['ollama']);
  });
});
